import { percentile } from '../support/statistics.ts'

/** Another chat or message server, started for a while on this machine and spoken to in its own protocol. */
export interface Peer {
  name: string
  /** The program that must be there; Debian's package of the same name brings it. */
  program: string
  start(folder: string): Promise<RunningPeer>
}

export interface RunningPeer extends AsyncDisposable {
  processId: number
  join(occupant: number): Promise<Occupant>
}

export interface Occupant {
  say(number: number): void
  /** Another's copy, or one's own, of a message came. */
  onMessage: (number: number) => void
  /** The server says that it is stored; null where one's own copy says so. */
  onStored: ((number: number) => void) | null
  close(): void
}

/** As long as ours before it is sealed. */
export const textBytes = 300

export function wordsOf(number: number): string {
  return `${number}-`.padEnd(textBytes, 'x')
}

export interface PeerRun {
  deliveriesPerS: number
  p50Ms: number
  p95Ms: number
}

/** One sender, `window` messages under way, every occupant's copy timed from the call that sent it. */
export function runPeerRoom(
  occupants: readonly Occupant[],
  { messages, window, first }: { messages: number; window: number; first: number },
): Promise<PeerRun> {
  const sentAt = new Float64Array(messages)
  const latencies: number[] = []
  const expected = messages * occupants.length
  const sender = occupants[0]!
  const { promise, resolve, reject } = Promise.withResolvers<PeerRun>()
  let [next, stored] = [0, 0]
  const pump = () => {
    for (; next < messages && next - stored < window; next++) {
      sentAt[next] = performance.now()
      sender.say(first + next)
    }
  }
  const noteStored = () => {
    stored++
    pump()
  }
  for (const [index, occupant] of occupants.entries()) {
    occupant.onMessage = (number) => {
      if (number < first) return
      latencies.push(performance.now() - sentAt[number - first]!)
      if (index === 0 && !sender.onStored) noteStored()
      if (latencies.length < expected) return
      const seconds = (performance.now() - sentAt[0]!) / 1_000
      clearTimeout(deadline)
      const [p50Ms, p95Ms] = [percentile(latencies, 0.5), percentile(latencies, 0.95)]
      resolve({ deliveriesPerS: expected / seconds, p50Ms, p95Ms })
    }
  }
  if (sender.onStored) sender.onStored = noteStored
  const deadline = setTimeout(() => reject(new Error(`${latencies.length} of ${expected} after a minute`)), 60_000)
  pump()
  return promise
}
