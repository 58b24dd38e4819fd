import { expect, test } from 'bun:test'
import type { Connection } from '../../src/client/api.ts'
import { SocketConnection } from '../../src/client/connection.ts'
import type { ClientContext } from '../../src/client/context.ts'
import type { SocketEvents } from '../../src/client/platform.ts'
import type { ConversationId, Incarnation } from '../../src/protocol/ids.ts'
import { clientFrames, serverFrames } from '../../src/protocol/socket.ts'
import { MovableClock } from '../support/movable-clock.ts'

const welcome = {
  ...{ type: 'welcome' as const, incarnation: 'AAAAAAAAAAAAAAAAAAAAAA' as Incarnation, restoredFrom: 0, now: 0 },
  ...{ treeHead: new Uint8Array(144), conversations: [] },
}

/** A line to nowhere: what is sent is kept, what comes is up to the test. */
async function openLine() {
  const clock = new MovableClock()
  const states: Connection['state'][] = []
  const sent: string[] = []
  let events: SocketEvents | undefined
  const openSocket = async (_path: string, of: SocketEvents) => {
    events = of
    const send = (bytes: Uint8Array) => void sent.push(clientFrames.decode(bytes).type)
    return { send, close: () => undefined, bufferedBytes: () => 0 }
  }
  const platform = { clock: clock.client, openSocket, random: (length: number) => new Uint8Array(length) }
  const emit = (event: { type: string; connection?: Connection }) => {
    if (event.connection) states.push(event.connection.state)
  }
  const login = { ensure: async () => undefined, renew: async () => undefined, end: () => undefined }
  const connection = new SocketConnection({ platform, emit } as unknown as ClientContext, login)
  connection.start()
  while (!events) await Promise.resolve()
  await Promise.resolve()
  const bring = (frame: Parameters<typeof serverFrames.encode>[0]) => events!.onFrame(serverFrames.encode(frame))
  bring(welcome)
  while (!connection.isOnline) await Promise.resolve()
  return { clock, connection, states, sent, bring }
}

test('a line that is silent after a ping counts as lost within some four seconds', async () => {
  const { clock, connection, states, sent } = await openLine()
  connection.reconnect()
  expect(sent).toEqual(['ping'])
  clock.move(3_900)
  expect(connection.isOnline).toBe(true)
  clock.move(200)
  expect(connection.isOnline).toBe(false)
  expect(states.at(-1)).toBe('offline')
  connection.stop()
})

test('asking again while it is silent does not make the wait longer', async () => {
  const { clock, connection, sent } = await openLine()
  connection.reconnect()
  clock.move(3_000)
  connection.reconnect()
  clock.move(1_100)
  expect(connection.isOnline).toBe(false)
  expect(sent).toEqual(['ping'])
  connection.stop()
})

test('a page that takes its time on a slow network is waited for', async () => {
  const { clock, connection } = await openLine()
  const page = { type: 'fetchPage' as const, conversationId: 'AAAAAAAAAAAAAAAAAAAAAA' as ConversationId }
  const range = { from: 0, direction: 0, count: 200, withArchive: true }
  connection.request({ ...page, ...range }, 'page').catch(() => undefined)
  connection.reconnect()
  clock.move(19_000)
  expect(connection.isOnline).toBe(true)
  clock.move(2_000)
  expect(connection.isOnline).toBe(false)
  connection.stop()
})

test('whatever comes after a ping is a sign of life, be it the pong or not', async () => {
  const { clock, connection, sent, bring } = await openLine()
  connection.reconnect()
  clock.move(3_000)
  bring({ type: 'changed', what: 'people' })
  clock.move(20_000)
  expect(connection.isOnline).toBe(true)
  clock.move(6_000)
  expect(sent).toEqual(['ping', 'ping'])
  bring({ type: 'pong', now: 0 })
  clock.move(20_000)
  expect(connection.isOnline).toBe(true)
  connection.stop()
})
