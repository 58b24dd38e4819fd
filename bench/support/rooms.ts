import { SOCKET_PATH } from '../../src/protocol/socket.ts'
import type { Seat } from './prepared-home.ts'
import type { RoomPlan } from './room.ts'

const codes = { welcome: 1, posted: 2, message: 5 }
const u32At = (chunk: Uint8Array, at: number) =>
  ((chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!) >>> 0

// message = code | conversation id 16 | seq u64 ..., posted = code | request id u32 | message id 16 ...
const seqOffset = 1 + 16 + 4

/** A room of ours: everybody in the seats' group, on the sockets of their own devices. */
export function ourRoom(url: string, seats: readonly Seat[]): RoomPlan {
  return {
    ...{ url, path: SOCKET_PATH, occupants: seats.map(({ cookie }) => ({ cookie })) },
    whichDelivered: (chunk, start) => (chunk[start] === codes.message ? u32At(chunk, start + seqOffset) : -1),
    whichAcknowledged: (chunk, start) => (chunk[start] === codes.posted ? 0 : -1),
    isWelcome: (chunk, start) => chunk[start] === codes.welcome,
  }
}

const bareHeadBytes = seqOffset + 4 + 12

/** The bare loop carries the same bytes as ours: a head as long as that of our message frame, then the sealed body. */
export function bareRoom(url: string, occupants: number): RoomPlan {
  return {
    ...{ url, path: '/', occupants: Array.from({ length: occupants }, () => ({})) },
    whichDelivered: (chunk, start) => u32At(chunk, start + seqOffset),
    whichAcknowledged: null,
    isWelcome: null,
  }
}

export function bareFrames(bodies: readonly Uint8Array[], first: number): Uint8Array[] {
  return bodies.map((body, index) => {
    const frame = Buffer.alloc(bareHeadBytes + body.length)
    frame.writeUInt32BE(first + index, seqOffset)
    frame.set(body, bareHeadBytes)
    return frame
  })
}
