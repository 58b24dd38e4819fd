import type { AlarmView } from './api.ts'
import type { ClientContext } from './context.ts'
import type { Alarm } from './key-log.ts'

const ROW = 'alarm'
type StoredAlarm = { alarm: AlarmView; evidence: Uint8Array[] }

/** Rings once and stays: what the home showed, with the signed heads as evidence, outlives a reload (PROTOCOL 4.2). */
export type AlarmBell = {
  isRaised(): boolean
  present(): AlarmView | null
  raise(alarm: Alarm, evidence: Uint8Array[]): void
  /** Resolves when what rang is on disk. */
  settled(): Promise<void>
}

export async function openAlarmBell(context: ClientContext, onRaised: (alarm: AlarmView) => void): Promise<AlarmBell> {
  let stored = await context.store.get<StoredAlarm>('device', ROW)
  let stores: Promise<void> = Promise.resolve()
  return {
    settled: () => stores,
    isRaised: () => stored !== null,
    present: () => stored?.alarm ?? null,
    raise(alarm, evidence) {
      if (stored !== null) return
      stored = { alarm: { ...alarm, at: context.platform.clock.now() }, evidence }
      onRaised(stored.alarm)
      stores = context.store.commit([{ table: 'device', key: ROW, value: stored }]).catch((error: unknown) => {
        console.error('an alarm could not be stored', error)
      })
    },
  }
}
