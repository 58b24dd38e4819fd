import { sealGroupBody } from '../src/crypto/body.ts'
import { generateSigningKeyPair } from '../src/crypto/keys.ts'
import { systemRandom } from '../src/crypto/random.ts'
import { sodiumReady } from '../src/crypto/sodium.ts'
import { type AccountId, type ConversationId, type DeviceId, fromBase64Url, idToBytes } from '../src/protocol/ids.ts'
import { clientFrames, SOCKET_PATH } from '../src/protocol/socket.ts'
import type { RunResult } from './post.ts'

// The senders' process of post.ts: seals everything, opens the sockets, then posts as fast as it is answered.

export interface PosterTask {
  url: string
  posts: number
  senders: {
    accountId: AccountId
    deviceId: DeviceId
    cookie: string
    conversationId: ConversationId
    groupSize: number
    epoch: number
    head: string
  }[]
}
type SenderPlan = PosterTask['senders'][number]

const inFlight = 16
const frameCode = { welcome: 1, posted: 2, refused: 4, message: 5 }

async function sealPosts(sender: SenderPlan, count: number): Promise<Uint8Array[]> {
  const chain = generateSigningKeyPair<'chain'>()
  const chainId = systemRandom(16)
  const frames: Uint8Array[] = []
  for (let iteration = 0; iteration < count; iteration++) {
    const body = await sealGroupBody(
      systemRandom(32),
      {
        ...{
          class: 0,
          isEphemeral: false,
          epoch: sender.epoch,
          convHead: fromBase64Url(sender.head)!,
          chainId,
          iteration,
        },
        ...{ convId: idToBytes(sender.conversationId), msgId: systemRandom(16) },
      },
      {
        ...{ contentType: 1, sentAt: Date.now(), sthSize: 1, sthRoot: new Uint8Array(32), expirySeconds: 0 },
        ...{ senderUser: idToBytes(sender.accountId), senderDevice: idToBytes(sender.deviceId) },
        payload: systemRandom(80),
      },
      chain.secretKey,
    )
    const { conversationId } = sender
    const archive = { epoch: 1, row: systemRandom(92) }
    frames.push(
      clientFrames.encode({ type: 'post', requestId: iteration, conversationId, body, envelopes: [], archive }),
    )
  }
  return frames
}

class Poster {
  deliveries = 0
  readonly waitsMs: number[] = []
  readonly isOpen: Promise<void>
  readonly #socket: WebSocket
  readonly #sentAt: number[] = []
  #next = 0
  #answered = 0
  #finish: () => void = () => undefined

  constructor(
    { url, cookie }: { url: string; cookie: string },
    private readonly frames: Uint8Array[],
    private readonly noteDelivery: () => void,
  ) {
    const headers = { cookie, origin: url }
    this.#socket = new WebSocket(url.replace(/^http/, 'ws') + SOCKET_PATH, { headers } as never)
    this.#socket.binaryType = 'arraybuffer'
    this.isOpen = new Promise((resolve, reject) => {
      this.#socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`))
      this.#socket.onmessage = ({ data }) => this.#take(new DataView(data as ArrayBuffer), resolve)
    })
  }

  #take(view: DataView, opened: () => void): void {
    const code = view.getUint8(0)
    if (code === frameCode.welcome) opened()
    else if (code === frameCode.message) this.noteDelivery()
    else if (code === frameCode.posted) {
      this.waitsMs.push(performance.now() - this.#sentAt[view.getUint32(1)]!)
      this.#answered++
      this.#sendNext()
      if (this.#answered === this.frames.length) this.#finish()
    } else if (code === frameCode.refused) throw new Error(`refused: ${new TextDecoder().decode(view)}`)
  }

  #sendNext(): void {
    if (this.#next === this.frames.length) return
    this.#sentAt.push(performance.now())
    this.#socket.send(this.frames[this.#next++]!)
  }

  post(): Promise<void> {
    return new Promise((resolve) => {
      this.#finish = resolve
      for (let count = 0; count < inFlight; count++) this.#sendNext()
    })
  }

  close(): void {
    this.#socket.onclose = null
    this.#socket.close()
  }
}

await sodiumReady
const task = JSON.parse(await Bun.stdin.text()) as PosterTask
const share = task.posts / task.senders.length
const expected = task.senders.reduce((sum, { groupSize }) => sum + share * (groupSize - 1), 0)
let deliveries = 0
const everythingCame = Promise.withResolvers<void>()
const noteDelivery = () => {
  if (++deliveries === expected) everythingCame.resolve()
}
const posters: Poster[] = []
for (const sender of task.senders) {
  posters.push(new Poster({ url: task.url, cookie: sender.cookie }, await sealPosts(sender, share), noteDelivery))
}
await Promise.all(posters.map((poster) => poster.isOpen))

const startedAt = performance.now()
await Promise.all(posters.map((poster) => poster.post()))
const seconds = (performance.now() - startedAt) / 1_000
await everythingCame.promise
for (const poster of posters) poster.close()

const waitsMs = posters.flatMap((poster) => poster.waitsMs).sort((left, right) => left - right)
const result: RunResult = {
  ...{ seconds, deliveries: expected },
  medianMs: waitsMs[waitsMs.length >> 1]!,
  worstMs: waitsMs[Math.floor(waitsMs.length * 0.99)]!,
}
console.log(JSON.stringify(result))
