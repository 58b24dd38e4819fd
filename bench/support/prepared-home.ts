import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AccountId, ConversationId, DeviceId } from '../../src/protocol/ids.ts'
import { openDataFolder } from '../../src/server/data-folder.ts'
import { HandClock, Home, type Person } from '../../tests/support/home.ts'

/** One device that may post to one conversation, with all that its frames need. */
export interface Seat {
  accountId: AccountId
  deviceId: DeviceId
  cookie: string
  conversationId: ConversationId
  epoch: number
  head: Uint8Array
  groupSize: number
}

/** A data folder in which people with signed keys sit in signed groups, ready for a server of its own process. */
export interface PreparedHome extends Disposable {
  folder: string
  /** As many as there are people, group by group. */
  seats: Seat[]
}

/** Gone with this process: ten million messages are ten gigabytes. */
export function newFolder(): string {
  const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'trallivalli-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function prepareHome(people: number, groupSize: number): Promise<PreparedHome> {
  const folder = newFolder()
  ;(await openDataFolder(folder))[Symbol.dispose]()
  const clock = new HandClock()
  clock.nowMs = Date.now()
  const home = await Home.open({ folder, clock })
  const seats: Seat[] = []
  const members = [await home.join('host')]
  while (members.length < people) members.push(await home.join())
  for (let at = 0; at < members.length; at += groupSize) {
    seats.push(...(await openGroup(members.slice(at, at + groupSize))))
  }
  await home.server.stop(true)
  home.app[Symbol.dispose]()
  await home.context[Symbol.asyncDispose]()
  return { folder, seats, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

async function openGroup(inGroup: Person[]): Promise<Seat[]> {
  const chain = await inGroup[0]!.device.createGroup(...inGroup.slice(1))
  return inGroup.map(({ accountId, device }) => ({
    ...{ accountId, deviceId: device.deviceId, cookie: device.cookie },
    ...{ conversationId: chain.conversationId, epoch: chain.epoch, head: chain.head },
    groupSize: inGroup.length,
  }))
}
