import { Refusal } from '../../../protocol/errors.ts'
import type { DeviceId, LinkId } from '../../../protocol/ids.ts'
import type { LinkEnding, LinkJoin, LinkLetters, LinkSeat } from '../../../protocol/linking.ts'
import { linkLimits } from '../../../protocol/linking.ts'
import type { Principal } from '../../auth.ts'
import type { Clock } from '../../clock.ts'
import { makeToken } from '../../ids.ts'

/** One end of a link. `deviceId`: of the old device, whose session every call must show; null for the new one. */
type Seat = { token: string; deviceId: DeviceId | null; letters: string[]; ending: LinkEnding | null; wake: () => void }
type Link = { linkId: LinkId; openedAt: number; wasSignedIn: boolean; shower: Seat; scanner: Seat | null }
type Found = { link: Link; own: Seat; other: Seat | null }

/** Letters between two devices that are being linked, in memory and for ten minutes. What is in them the home cannot read. */
export class Links implements Disposable {
  readonly #links = new Map<LinkId, Link>()
  readonly #bySeat = new Map<string, Link>()
  readonly #sweeps = new Set<ReturnType<typeof setTimeout>>()

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#links.size
  }

  /** `old`: who is signed in on the old device; null for the new one. */
  join(offer: LinkJoin, old: Principal | null): LinkSeat {
    this.#sweep()
    const deviceId = old?.deviceId ?? null
    const seat: Seat = { token: makeToken(), deviceId, letters: [], ending: null, wake: () => undefined }
    if (offer.shows) this.#open(offer.linkId, seat)
    else this.#enter(offer.linkId, seat)
    return { seat: seat.token }
  }

  /** Whether every call from this seat has to show a session. */
  isOld(token: string): boolean {
    return this.#find(token).own.deviceId !== null
  }

  /** Keeps a letter for the other end. */
  send(token: string, deviceId: DeviceId | null, letter: string): void {
    const { own, other } = this.#findFor(token, deviceId)
    const maxBytes = own.deviceId === null ? linkLimits.maxLetterOfNewBytes : linkLimits.maxLetterOfOldBytes
    if (letter.length > Math.ceil((maxBytes * 4) / 3)) throw new Refusal('too_large')
    if (own.letters.length >= linkLimits.maxLetters) throw new Refusal('too_many')
    own.letters.push(letter)
    other?.wake()
  }

  /** What the other end sent from number `from` on; waits a little where there is nothing yet. */
  async collect(token: string, deviceId: DeviceId | null, from: number): Promise<LinkLetters> {
    const seen = this.#seen(token, deviceId, from)
    if (seen.letters.length > 0 || seen.ending !== null) return seen
    await this.#wait(this.#findFor(token, deviceId).own)
    return this.#seen(token, deviceId, from)
  }

  /** One end leaves; the other may still read what was sent, until the time is over. */
  end(token: string, deviceId: DeviceId | null, ending: LinkEnding): void {
    const { link, own, other } = this.#findFor(token, deviceId)
    own.ending ??= ending
    if (other === null || other.ending !== null) this.#forget(link)
    else other.wake()
  }

  [Symbol.dispose](): void {
    for (const timer of this.#sweeps) clearTimeout(timer)
    for (const link of [...this.#links.values()]) this.#forget(link)
  }

  #open(linkId: LinkId, shower: Seat): void {
    if (this.#links.has(linkId)) throw new Refusal('link_taken')
    const wasSignedIn = shower.deviceId !== null
    const strangers = [...this.#links.values()].filter((link) => !link.wasSignedIn).length
    if (!wasSignedIn && strangers >= linkLimits.maxOpenLinks) throw new Refusal('too_many', { retryAfterMs: 60_000 })
    const link: Link = { linkId, openedAt: this.clock.now(), wasSignedIn, shower, scanner: null }
    this.#links.set(linkId, link)
    this.#bySeat.set(shower.token, link)
    const timer = setTimeout(() => {
      this.#sweeps.delete(timer)
      this.#sweep()
    }, linkLimits.lifetimeMs + 1_000)
    timer.unref()
    this.#sweeps.add(timer)
  }

  #enter(linkId: LinkId, scanner: Seat): void {
    const link = this.#links.get(linkId)
    if (!link || link.shower.ending !== null) throw new Refusal('link_gone')
    // Exactly one of the two is the old device.
    const isPair = (link.shower.deviceId === null) !== (scanner.deviceId === null)
    if (link.scanner !== null || !isPair) throw new Refusal('link_taken')
    link.scanner = scanner
    this.#bySeat.set(scanner.token, link)
    link.shower.wake()
  }

  #find(token: string): Found {
    this.#sweep()
    const link = this.#bySeat.get(token)
    if (!link) throw new Refusal('link_gone')
    const [own, other] = link.shower.token === token ? [link.shower, link.scanner] : [link.scanner!, link.shower]
    return { link, own, other }
  }

  #findFor(token: string, deviceId: DeviceId | null): Found {
    const found = this.#find(token)
    if (found.own.deviceId !== deviceId) throw new Refusal('not_signed_in')
    return found
  }

  #seen(token: string, deviceId: DeviceId | null, from: number): LinkLetters {
    const { other } = this.#findFor(token, deviceId)
    return { letters: other?.letters.slice(from) ?? [], ending: other?.ending ?? null }
  }

  #wait(seat: Seat): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    seat.wake()
    const timer = setTimeout(resolve, linkLimits.waitMs)
    seat.wake = resolve
    return promise.finally(() => clearTimeout(timer))
  }

  #forget(link: Link): void {
    this.#links.delete(link.linkId)
    for (const seat of [link.shower, link.scanner]) {
      if (!seat) continue
      this.#bySeat.delete(seat.token)
      seat.wake()
    }
  }

  #sweep(): void {
    const now = this.clock.now()
    for (const link of [...this.#links.values()]) if (now - link.openedAt >= linkLimits.lifetimeMs) this.#forget(link)
  }
}
