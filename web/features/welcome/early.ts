import { atom, computed } from 'nanostores'
import type { Phase } from '../../../src/client/api.ts'
import { recall, remember } from '../../preferences.ts'
import { $phase } from '../../stores.ts'
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

/** After so long the client may as well start beside it. */
const patienceMs = 3_000
const $isClaimedEarly = atom<boolean | null>(null)

/** The client's phase; while it starts, what the home itself said to somebody who was not inside. */
export const $doorPhase = computed([$phase, $isClaimedEarly], (phase, isClaimed): Phase => {
  const isUnknown = phase.name === 'starting' || (phase.name === 'outside' && phase.isClaimed === null)
  return isUnknown && isClaimed !== null ? { name: 'outside', isClaimed } : phase
})

/** Somebody who was not inside need not wait for the client to see the door. A setup under way is resumed by the client. */
export async function openDoorEarly(loadDoor: () => Promise<unknown>): Promise<void> {
  const isSettingUp = $setupProgress.get().step !== null || location.pathname === '/setup'
  if ($wasInside.get() || isSettingUp) return
  const asked = ask()
  await loadDoor()
  await asked
}

// Asked by theme-boot.js before this code was here.
declare global {
  var tvSetup: Promise<{ isClaimed?: unknown } | null> | undefined
}

async function ask(): Promise<void> {
  const answer = await Promise.race([globalThis.tvSetup, wait(patienceMs)])
  if (typeof answer?.isClaimed === 'boolean') $isClaimedEarly.set(answer.isClaimed)
}

const wait = (delayMs: number) => new Promise<null>((resolve) => setTimeout(() => resolve(null), delayMs))
