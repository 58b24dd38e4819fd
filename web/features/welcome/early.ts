import { atom, computed } from 'nanostores'
import type { Phase } from '../../../src/client/api.ts'
import { recall, remember } from '../../preferences.ts'
import { $phase } from '../../stores.ts'
import { loadDoor } from './load-door.ts'
import { $setupProgress } from './setup-progress.ts'

// Also read by theme-boot.js, which fetches the door ahead.
const key = 'tv-inside'

/** Whether this browser was a member's device when it was last looked at: then the app is drawn while the client starts. */
export const $wasInside = atom(recall(key) === 'yes')
$wasInside.listen((isInside) => remember(key, isInside ? 'yes' : ''))
$phase.subscribe(({ name }) => {
  if (name === 'inside' || name === 'alarm') $wasInside.set(true)
  else if (name !== 'starting') $wasInside.set(false)
})

const $isClaimedEarly = atom<boolean | null>(null)

/** The client's phase; while it starts, what the home itself said to somebody who was not inside. */
export const $doorPhase = computed([$phase, $isClaimedEarly], (phase, isClaimed): Phase => {
  const isUnknown = phase.name === 'starting' || (phase.name === 'outside' && phase.isClaimed === null)
  return isUnknown && isClaimed !== null ? { name: 'outside', isClaimed } : phase
})

/** Somebody who was not inside need not wait for the client to see the door. A setup under way is resumed by the client. */
export async function openDoorEarly(): Promise<void> {
  const isSettingUp = $setupProgress.get().step !== null || location.pathname === '/setup'
  if ($wasInside.get() || isSettingUp) return
  const asked = ask()
  await loadDoor()
  await asked
}

async function ask(): Promise<void> {
  try {
    const response = await fetch('/api/setup', { cache: 'no-store', signal: AbortSignal.timeout(3_000) })
    const { isClaimed } = (await response.json()) as { isClaimed?: unknown }
    if (typeof isClaimed === 'boolean') $isClaimedEarly.set(isClaimed)
  } catch (cause) {
    console.warn('the home did not answer yet', cause)
  }
}
