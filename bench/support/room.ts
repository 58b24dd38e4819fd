import { type FrameTrain, RawLine } from './raw-line.ts'
import { percentile, round } from './statistics.ts'

/** One run: `window` messages of one sender are under way until all of a train were delivered to everybody. */
export interface RoomRun {
  deliveriesPerS: number
  messagesPerS: number
  p50Ms: number
  p95Ms: number
}

export interface RoomPlan {
  url: string
  path: string
  /** One header set an occupant; the first of them sends. */
  occupants: Record<string, string>[]
  /** Which message a payload is, -1 for something else. */
  whichDelivered(chunk: Uint8Array, start: number): number
  /** The sender's own word that a message is stored; null where its own copy says so. */
  whichAcknowledged: ((chunk: Uint8Array, start: number) => number) | null
  /** A frame that tells an occupant that it is in the room; null where an open socket is enough. */
  isWelcome: ((chunk: Uint8Array, start: number) => boolean) | null
}

const settleMs = 500

/** The occupants' side of a fan-out: one process, one clock, no decoding but of the message's number. */
export class Room implements Disposable {
  #lines: RawLine[] = []
  #handle: (occupant: number, chunk: Uint8Array, start: number) => void = () => undefined

  private constructor(private readonly plan: RoomPlan) {}

  static async open(plan: RoomPlan): Promise<Room> {
    const room = new Room(plan)
    let welcomes = plan.isWelcome ? plan.occupants.length : 0
    const everybodyIn = Promise.withResolvers<void>()
    if (welcomes === 0) everybodyIn.resolve()
    room.#handle = (_, chunk, start) => {
      if (plan.isWelcome?.(chunk, start) && --welcomes === 0) everybodyIn.resolve()
    }
    for (const [occupant, headers] of plan.occupants.entries()) {
      const take = (chunk: Uint8Array, start: number) => room.#handle(occupant, chunk, start)
      room.#lines.push(await RawLine.open({ url: plan.url, path: plan.path, headers }, take))
    }
    await everybodyIn.promise
    if (plan.isWelcome) for (const line of room.#lines) line.keepAlive()
    await Bun.sleep(settleMs)
    return room
  }

  /** `first`: the number by which the server knows the train's first message. */
  run(train: FrameTrain, window: number, first: number): Promise<RoomRun> {
    const { plan } = this
    const receivers = plan.whichAcknowledged ? this.#lines.length - 1 : this.#lines.length
    const expected = train.count * receivers
    const sentAt = new Float64Array(train.count)
    const latencies = new Float64Array(expected)
    const { promise, resolve, reject } = Promise.withResolvers<RoomRun>()
    const sender = this.#lines[0]!
    let [next, acknowledged, delivered, now] = [0, 0, 0, 0]

    const pump = () => {
      const to = Math.min(train.count, acknowledged + window)
      if (to <= next) return
      sentAt.fill(performance.now(), next, to)
      sender.send(train, next, to)
      next = to
    }
    const finish = () => {
      const seconds = (performance.now() - sentAt[0]!) / 1_000
      resolve({
        ...{ deliveriesPerS: expected / seconds, messagesPerS: train.count / seconds },
        ...{ p50Ms: percentile(latencies, 0.5), p95Ms: percentile(latencies, 0.95) },
      })
    }
    for (const line of this.#lines) {
      line.onClose = () => reject(new Error('an occupant was thrown out'))
      line.onTurn = () => {
        now = 0
      }
    }
    this.#handle = (occupant, chunk, start) => {
      const number = plan.whichDelivered(chunk, start)
      if (number >= 0) {
        // What came in one piece came at one time.
        now ||= performance.now()
        latencies[delivered++] = now - sentAt[number - first]!
      }
      if (occupant === 0) {
        const stored = plan.whichAcknowledged ? plan.whichAcknowledged(chunk, start) : number
        if (stored >= 0 && ++acknowledged < train.count) queueMicrotask(pump)
      }
      if (delivered === expected && acknowledged === train.count) finish()
    }
    pump()
    return promise
  }

  [Symbol.dispose](): void {
    for (const line of this.#lines) line.close()
  }
}

export function roundRun({ deliveriesPerS, p50Ms, p95Ms }: Omit<RoomRun, 'messagesPerS'>) {
  return { deliveries_per_s: round(deliveriesPerS), p50_ms: round(p50Ms, 2), p95_ms: round(p95Ms, 2) }
}
