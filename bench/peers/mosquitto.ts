import { chmodSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { endProcess, freePort, startChild } from './child.ts'
import { openPackets } from './packets.ts'
import { type Occupant, type Peer, wordsOf } from './peer.ts'

/** Mosquitto at QoS 1. It acknowledges from memory and writes its state every five seconds: a ceiling, not a durable store. */
export const mosquitto: Peer = {
  name: 'mosquitto',
  program: 'mosquitto',
  async start(folder) {
    const port = freePort()
    const file = join(folder, 'mosquitto.conf')
    chmodSync(folder, 0o777)
    const user = process.getuid?.() === 0 ? 'user root\n' : ''
    writeFileSync(
      file,
      `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location ${folder}/
autosave_interval 5\nmax_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true\nlog_dest none\n${user}`,
    )
    const child = await startChild(['mosquitto', '-c', file], { port })
    return {
      processId: child.pid,
      join: (occupant) => MqttOccupant.open(port, occupant),
      [Symbol.asyncDispose]: () => endProcess(child.pid),
    }
  },
}

const kinds = { connect: 1, connected: 2, publish: 3, published: 4, subscribe: 8, subscribed: 9 }
const topic = 'bench'

// MQTT 3.1.1: a type and flags, the length in groups of seven bits, the rest.
function packet(kind: number, flags: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const head = [(kind << 4) | flags]
  let left = body.length
  do {
    const digit = left & 127
    left >>= 7
    head.push(left > 0 ? digit | 128 : digit)
  } while (left > 0)
  return Buffer.concat([Buffer.from(head), body])
}

function named(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

class MqttOccupant implements Occupant {
  onMessage: (number: number) => void = () => undefined
  onStored: ((number: number) => void) | null = () => undefined
  #socket!: Socket
  #wanted = 0
  #resolve: () => void = () => undefined
  #nextId = 1

  static async open(port: number, number: number): Promise<MqttOccupant> {
    const occupant = new MqttOccupant()
    occupant.#socket = await openPackets(port, (bytes) => occupant.#cut(bytes))
    const hello = [named('MQTT'), Buffer.from([4, 2, 0, 0]), named(`occupant${number}`)]
    await occupant.#ask(packet(kinds.connect, 0, ...hello), kinds.connected)
    const wish = [Buffer.from([0, 1]), named(topic), Buffer.from([1])]
    await occupant.#ask(packet(kinds.subscribe, 2, ...wish), kinds.subscribed)
    return occupant
  }

  #ask(bytes: Buffer, wanted: number): Promise<void> {
    this.#wanted = wanted
    this.#socket.write(bytes)
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  #cut(bytes: Buffer): Buffer {
    let at = 0
    for (;;) {
      let [length, shift, head] = [0, 0, at + 1]
      while (head < bytes.length) {
        const digit = bytes[head++]!
        length |= (digit & 127) << shift
        shift += 7
        if ((digit & 128) === 0) break
      }
      const isWhole = head > at + 1 && (bytes[head - 1]! & 128) === 0 && head + length <= bytes.length
      if (!isWhole) return bytes.subarray(at)
      this.#take(bytes[at]! >> 4, bytes.subarray(head, head + length))
      at = head + length
    }
  }

  #take(kind: number, body: Buffer): void {
    if (kind === kinds.publish) {
      const idAt = 2 + body.readUInt16BE(0)
      this.#socket.write(packet(kinds.published, 0, body.subarray(idAt, idAt + 2)))
      this.onMessage(Number.parseInt(body.toString('latin1', idAt + 2, idAt + 14), 10))
    } else if (kind === kinds.published) this.onStored?.(0)
    else if (kind === this.#wanted) this.#resolve()
  }

  say(number: number): void {
    this.#nextId = (this.#nextId % 65_000) + 1
    const id = Buffer.from([this.#nextId >> 8, this.#nextId & 255])
    this.#socket.write(packet(kinds.publish, 2, named(topic), id, Buffer.from(wordsOf(number))))
  }

  close(): void {
    this.#socket.destroy()
  }
}
