import { describe, expect, test } from 'bun:test'
import type { ServerWebSocket } from 'bun'
import type { AccountId, DeviceId } from '../../src/protocol/ids.ts'
import { serverFrames, splitFrames } from '../../src/protocol/socket.ts'
import { Connection, connectionLimits, type SocketData } from '../../src/server/connection.ts'
import { someId } from '../support/home.ts'

/** Bun's end of a socket, as far as a connection uses it: it keeps what it was given. */
class KeepingSocket {
  readonly messages: Uint8Array[] = []
  sendBinary(message: Uint8Array): number {
    this.messages.push(message)
    return message.length
  }
  getBufferedAmount(): number {
    return 0
  }
}

function openLine() {
  const socket = new KeepingSocket()
  const who = { accountId: someId() as AccountId, deviceId: someId() as DeviceId }
  const own = socket as unknown as ServerWebSocket<SocketData>
  const connection = new Connection(own, who, { limits: connectionLimits, nowMs: 0 })
  connection.releaseHeld()
  return { connection, messages: socket.messages }
}

const pong = (now: number) => serverFrames.encode({ type: 'pong', now })
const changed = (what: string) => serverFrames.encode({ type: 'changed', what })
const entryOf = (bytes: number) => new Uint8Array(bytes)

describe('what one turn has for a receiver', () => {
  test('goes out together, in order, when the turn is over', async () => {
    const { connection, messages } = openLine()
    const frames = [pong(1), changed('home'), pong(2)]
    for (const frame of frames) connection.send(frame)
    expect(messages).toEqual([])
    await Promise.resolve()
    expect(messages.map(splitFrames)).toEqual([frames])
  })

  test('goes out in a few large bundles when it is a lot', async () => {
    const { connection, messages } = openLine()
    const frames = Array.from({ length: 1_000 }, () => entryOf(1_000))
    for (const frame of frames) connection.send(frame)
    await Promise.resolve()
    expect(messages.length).toBe(4)
    expect(messages.flatMap(splitFrames)).toEqual(frames)
  })

  test('and a frame larger than a bundle goes alone, in its place', async () => {
    const { connection, messages } = openLine()
    const frames = [pong(1), pong(2), entryOf(300_000), pong(3)]
    for (const frame of frames) connection.send(frame)
    await Promise.resolve()
    expect(messages.map((message) => splitFrames(message).length)).toEqual([2, 1, 1])
    expect(messages.flatMap(splitFrames)).toEqual(frames)
  })

  test('is nothing for a line that closed', async () => {
    const { connection, messages } = openLine()
    connection.send(pong(1))
    connection.markClosed()
    await Promise.resolve()
    expect(messages).toEqual([])
  })
})
