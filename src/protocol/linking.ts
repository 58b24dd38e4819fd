import { type Static, Type } from '@sinclair/typebox'
import type { LinkId } from './ids.ts'
import { bytesSchema, idSchema } from './schema.ts'

/**
 * The relay between the two devices of a link (PROTOCOL 4.8). It carries what it cannot read from one seat to the other and forgets
 * everything ten minutes after the code was made. The old device shows its session at every call; the new one has none.
 * Refusals of all but the first call: link_gone (unknown, over, or too old: nobody can tell which).
 */
export const linkLimits = {
  lifetimeMs: 10 * 60_000,
  /** How long a call for letters waits before it answers that there are none. */
  waitMs: 8_000,
  maxLetters: 24,
  /** A letter of a device that nobody knows yet: its keys. */
  maxLetterOfNewBytes: 1_024,
  /** The hand-over holds the account state. */
  maxLetterOfOldBytes: 300_000,
  /** Links at one time that were opened without a session. */
  maxOpenLinks: 500,
} as const

const seat = bytesSchema(32)

/**
 * POST /api/links -> LinkSeat. `shows`: this device shows the code and opens the link; the other one scanned it and joins.
 * `isOld`: this device is signed in and adds the other. Refusals: link_gone, link_taken (somebody sits there already),
 * not_signed_in (isOld), too_many.
 */
export const linkJoin = Type.Object({ linkId: idSchema<LinkId>(), shows: Type.Boolean(), isOld: Type.Boolean() })
export type LinkJoin = Static<typeof linkJoin>
/** seat: 32 random bytes that stand for this end from now on. */
export type LinkSeat = { seat: string }

/** POST /api/links/letters -> 204. Kept for the other seat, in order. Refusals: too_large, too_many. */
export const linkLetter = Type.Object({ seat, letter: bytesSchema(1, linkLimits.maxLetterOfOldBytes) })
export type LinkLetter = Static<typeof linkLetter>

/** POST /api/links/collect -> LinkLetters: what the other seat sent, from number `from` on; waits a little for the first. */
export const linkCollect = Type.Object({ seat, from: Type.Integer({ minimum: 0, maximum: linkLimits.maxLetters }) })
export type LinkCollect = Static<typeof linkCollect>

const ending = Type.Union([Type.Literal('done'), Type.Literal('cancelled'), Type.Literal('failed')])
/** What one end said when it left. Only a word of the relay: nothing that matters may depend on it. */
export type LinkEnding = Static<typeof ending>
export type LinkLetters = { letters: string[]; ending: LinkEnding | null }

/** POST /api/links/end -> 204. */
export const linkEnd = Type.Object({ seat, ending })
export type LinkEnd = Static<typeof linkEnd>
