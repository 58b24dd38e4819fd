import type { AccountStateStore } from './account-state.ts'
import type { ClientContext } from './context.ts'

const DAY_MS = 24 * 3_600_000
/** First after two weeks, while it may still be found; then every three months. */
const FIRST_AFTER_MS = 14 * DAY_MS
const AGAIN_AFTER_MS = 91 * DAY_MS

type Needs = { context: ClientContext; accountState: AccountStateStore }
export type KitKeeper = {
  confirm(lastGroup: string): Promise<boolean>
  /** Time to ask for the last group once more. */
  isDue(): boolean
  dismiss(): Promise<void>
}

/** Whether the person still has the recovery kit: asked for by its last group, which is no secret (20 bits of a hash). */
export function createKitKeeper({ context, accountState }: Needs): KitKeeper {
  const now = () => context.platform.clock.now()

  function isDue(): boolean {
    const { kit } = accountState.get()
    if (!kit) return false
    return now() - kit.askedAt >= (kit.asks === 0 ? FIRST_AFTER_MS : AGAIN_AFTER_MS)
  }

  async function noteAsked(isConfirmed: boolean): Promise<void> {
    const at = now()
    await accountState.update((state) => ({
      ...state,
      isKitConfirmed: state.isKitConfirmed || isConfirmed,
      ...(state.kit
        ? { kit: { ...state.kit, askedAt: at, asks: isAskDue(state.kit.askedAt, at) + state.kit.asks } }
        : {}),
    }))
  }

  async function confirm(lastGroup: string): Promise<boolean> {
    const { kit, isKitConfirmed } = accountState.get()
    const check = kit?.check ?? (await context.store.get<string>('device', 'kit'))
    if (check === null) return isKitConfirmed
    if (lastGroup.replace(/[\s-]/g, '').toUpperCase() !== check) return false
    await noteAsked(true)
    await context.store.commit([{ table: 'device', key: 'kit', value: null }])
    return true
  }

  return { confirm, isDue, dismiss: () => noteAsked(false) }
}

/** Typing it in the first days is part of getting it: the reminder after two weeks still comes. */
function isAskDue(askedAt: number, now: number): 0 | 1 {
  return now - askedAt >= FIRST_AFTER_MS ? 1 : 0
}
