import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { endProcess, freePort, startChild } from './child.ts'
import { openPackets } from './packets.ts'
import { type Occupant, type Peer, wordsOf } from './peer.ts'

/** NATS with a JetStream file stream over the subject. It tells when a message is in its file; it syncs that file every two minutes. */
export const nats: Peer = {
  name: 'nats_jetstream',
  program: 'nats-server',
  async start(folder) {
    const port = freePort()
    const file = join(folder, 'nats.conf')
    writeFileSync(file, `listen: 127.0.0.1:${port}\njetstream { store_dir: ${join(folder, 'store')} }\n`)
    const child = await startChild(['nats-server', '-c', file], { port })
    const maker = await NatsOccupant.open(port)
    await maker.makeStream()
    maker.close()
    return {
      processId: child.pid,
      join: () => NatsOccupant.open(port),
      [Symbol.asyncDispose]: () => endProcess(child.pid),
    }
  },
}

const storedSubject = 'stored'

class NatsOccupant implements Occupant {
  onMessage: (number: number) => void = () => undefined
  onStored: ((number: number) => void) | null = () => undefined
  #socket!: Socket
  #onReply: (text: string) => void = () => undefined
  #onPong: () => void = () => undefined

  static async open(port: number): Promise<NatsOccupant> {
    const occupant = new NatsOccupant()
    occupant.#socket = await openPackets(port, (bytes) => occupant.#cut(bytes))
    const inbox = `_INBOX.${crypto.randomUUID()}`
    occupant.#inbox = inbox
    const ready = new Promise<void>((resolve) => {
      occupant.#onPong = resolve
    })
    const subscriptions = `SUB bench 1\r\nSUB ${inbox}.> 2\r\n`
    occupant.#socket.write(`CONNECT {"verbose":false,"pedantic":false}\r\n${subscriptions}PING\r\n`)
    await ready
    return occupant
  }
  #inbox = ''

  async makeStream(): Promise<void> {
    const wish = JSON.stringify({ name: 'bench', subjects: ['bench'], storage: 'file', retention: 'limits' })
    const said = new Promise<string>((resolve) => {
      this.#onReply = resolve
    })
    this.#socket.write(`PUB $JS.API.STREAM.CREATE.bench ${this.#inbox}.make ${wish.length}\r\n${wish}\r\n`)
    const answer = await said
    if (/"error"/.test(answer)) throw new Error(`no stream: ${answer}`)
  }

  say(number: number): void {
    const words = wordsOf(number)
    this.#socket.write(`PUB bench ${this.#inbox}.${storedSubject} ${words.length}\r\n${words}\r\n`)
  }

  // MSG <subject> <sid> [reply] <bytes>
  #cut(bytes: Buffer): Buffer {
    let at = 0
    for (;;) {
      const end = bytes.indexOf('\r\n', at)
      if (end < 0) break
      const line = bytes.toString('latin1', at, end)
      if (!line.startsWith('MSG ')) {
        if (line === 'PONG') this.#onPong()
        if (line === 'PING') this.#socket.write('PONG\r\n')
        at = end + 2
        continue
      }
      const length = Number(line.slice(line.lastIndexOf(' ') + 1))
      if (end + 4 + length > bytes.length) break
      this.#take(line, bytes.subarray(end + 2, end + 2 + length))
      at = end + 4 + length
    }
    return bytes.subarray(at)
  }

  #take(line: string, payload: Buffer): void {
    if (line.startsWith('MSG bench ')) this.onMessage(Number.parseInt(payload.toString('latin1', 0, 12), 10))
    else if (line.includes(`.${storedSubject} `)) this.onStored?.(0)
    else this.#onReply(payload.toString())
  }

  close(): void {
    this.#socket.destroy()
  }
}
