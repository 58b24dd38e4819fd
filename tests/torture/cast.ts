import { idToBytes } from '../../src/protocol/ids.ts'
import { type RunningApp, startApp } from '../support/app.ts'
import { Newcomer } from '../support/newcomer.ts'
import type { GroupChain } from '../support/sealed.ts'
import { type Actor, createGroup, foundFamily, removeDevice } from './actors.ts'

export type Role = 'stranger' | 'removed' | 'outside' | 'inside' | 'admin' | 'host'

/** One of each: who is nobody, who was put out, who is in the home only, in the group, its admin, and the host. */
export interface Cast extends AsyncDisposable {
  running: RunningApp
  roles: Record<Exclude<Role, 'stranger'>, Actor>
  stranger: Newcomer
  /** Of admin and inside. The host is not in it. */
  group: GroupChain
  newcomerOf(role: Role): Newcomer
  /** Sessions last while the clock goes on. */
  moveClock(ms: number): Promise<void>
}

export async function openCast(): Promise<Cast> {
  const running = await startApp()
  const [host, admin, inside, outside, removed] = (await foundFamily(running, [
    'oma',
    'mama',
    'kid',
    'papa',
    'uncle',
  ])) as [Actor, Actor, Actor, Actor, Actor]
  const group = await createGroup(admin, [inside])
  await removeDevice(removed.newcomer, idToBytes(removed.deviceId))
  const stranger = new Newcomer(running, 'stranger')
  const roles = { host, admin, inside, outside, removed }
  return {
    ...{ running, roles, stranger, group },
    newcomerOf: (role) => (role === 'stranger' ? stranger : roles[role].newcomer),
    async moveClock(ms) {
      running.clock.move(ms)
      for (const role of ['host', 'admin', 'inside', 'outside'] as const) {
        const { status, json } = await roles[role].newcomer.signIn()
        if (status !== 200) throw new Error(`${role} cannot sign in: ${JSON.stringify(json)}`)
      }
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}
