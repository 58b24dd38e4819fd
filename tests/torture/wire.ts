const BINARY = 2

/** One WebSocket frame as it stands on the wire (RFC 6455, 5.2). */
export interface WireFrame {
  /** All its bytes, head and mask included. */
  raw: Uint8Array
  /** What a binary frame carries, unmasked; null for every other kind. */
  payload: Uint8Array | null
}

/** Takes the bytes of one direction as they come and gives back whole frames. */
export class FrameSplitter {
  #rest = new Uint8Array(0)

  push(chunk: Uint8Array): WireFrame[] {
    const frames: WireFrame[] = []
    let bytes = Buffer.concat([this.#rest, chunk])
    for (let head = readHead(bytes); head && bytes.length >= head.size; head = readHead(bytes)) {
      frames.push(toFrame(bytes.subarray(0, head.size), head.bodyAt))
      bytes = bytes.subarray(head.size)
    }
    this.#rest = Uint8Array.from(bytes)
    return frames
  }
}

/** Null: there is not enough of it yet. */
function readHead(bytes: Buffer): { bodyAt: number; size: number } | null {
  if (bytes.length < 2) return null
  const isMasked = (bytes[1]! & 0x80) !== 0
  const short = bytes[1]! & 0x7f
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  if (bytes.length < 2 + lengthBytes) return null
  const length =
    lengthBytes === 2 ? bytes.readUInt16BE(2) : lengthBytes === 8 ? Number(bytes.readBigUInt64BE(2)) : short
  const bodyAt = 2 + lengthBytes + (isMasked ? 4 : 0)
  return { bodyAt, size: bodyAt + length }
}

function toFrame(bytes: Uint8Array, bodyAt: number): WireFrame {
  const raw = Uint8Array.from(bytes)
  if ((raw[0]! & 0x0f) !== BINARY) return { raw, payload: null }
  const payload = raw.slice(bodyAt)
  if ((raw[1]! & 0x80) === 0) return { raw, payload }
  const mask = raw.subarray(bodyAt - 4, bodyAt)
  return { raw, payload: payload.map((byte, index) => byte ^ mask[index % 4]!) }
}
