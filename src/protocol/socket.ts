import {
  bytes,
  fixed,
  flag,
  frameCodec,
  id,
  list,
  MalformedFrame,
  optional,
  record,
  text,
  u8,
  u16,
  u32,
  u64,
} from './codec.ts'
import type { AccountId, ChainId, ConversationId, DeviceId, Incarnation, MessageId } from './ids.ts'
import { limits } from './limits.ts'

/**
 * The one WebSocket, GET /api/socket (session cookie, same origin). Binary only, type byte || fields of codec.ts; the server may
 * send several frames as one bundle.
 *
 * A connection begins with the server's `welcome`, then all envelopes waiting for this device, oldest first, then live frames.
 * Requests carry a `requestId` chosen by the client; each gets exactly one of posted | done | page | vouchers | refused.
 *
 * A device has one line: a newer one ends the older. A line on which nothing came for 90 seconds is cut, and so is one whose
 * receiver lets too much wait; it catches up by pages. Everybody is let in and told the reason on the line (a browser never sees the
 * status of a refused upgrade): `refused` for request 0 with not_signed_in, device_removed or wrong_origin, then the end.
 */
export const SOCKET_PATH = '/api/socket'

/** Why the server closed: this session ended (after `signedOut`), the device opened a newer line, or it broke a rule (after `refused`). */
export const socketCloseCodes = { signedOut: 4001, replaced: 4002, refused: 1008 } as const

/** A Double Ratchet frame for one device (PROTOCOL 4.4). */
const outgoingEnvelope = record({ deviceId: id<DeviceId>(), frame: bytes(limits.maxEnvelopeBytes) })
/** An archive row of the asking account (PROTOCOL 4.7): iv 12 | ciphertext 80. */
const archiveRow = record({ epoch: u32, row: fixed(92) })
/** Who certified a sender chain, sealed by the asking account (docs/protocol.md 5.13): iv 12 | ciphertext 148. */
const voucherRow = { chainId: id<ChainId>(), epoch: u32, row: fixed(160) }

export const clientFrames = frameCodec({
  /**
   * Stores a body and the envelopes that open it, in one transaction, then answers `posted`. Retries with the same message id are answered
   * with the same sequence number. Refusals: not_found, not_allowed, conversation_moved (epoch/convHead of a group are not the newest),
   * recipients_changed (direct: envelopes are not exactly for all active devices of both people but this one), message_id_taken, bad_request.
   */
  post: {
    code: 1,
    field: record({
      requestId: u32,
      conversationId: id<ConversationId>(),
      body: bytes(limits.maxBodyBytes),
      envelopes: list(outgoingEnvelope, limits.maxEnvelopes),
      archive: optional(archiveRow),
    }),
  },
  /** A class 3 body (typing): passed to members' open sockets, never stored, never answered. */
  transient: {
    code: 2,
    field: record({
      conversationId: id<ConversationId>(),
      body: bytes(limits.maxBodyBytes),
      envelopes: list(outgoingEnvelope, limits.maxEnvelopes),
    }),
  },
  /** Envelopes without a body: session-ack, chain request, retry request, sync. Answered `done`. */
  sendEnvelopes: { code: 3, field: record({ requestId: u32, envelopes: list(outgoingEnvelope, limits.maxEnvelopes) }) },
  /** These were opened and what they changed is on disk here: delete them. Not answered. */
  acknowledge: { code: 4, field: record({ envelopeIds: list(u64, 1_000) }) },
  /** Archive rows of this account, first writer wins. Answered `done`. */
  putArchive: {
    code: 5,
    field: record({
      requestId: u32,
      rows: list(record({ messageId: id<MessageId>(), epoch: u32, row: fixed(92) }), limits.maxArchiveRows),
    }),
  },
  /**
   * Stored messages with seq > from (direction 0, oldest first) or seq < from (direction 1, newest first; direction 2 the same, but class 2
   * alone: what the conversation is called). Answered `page`.
   */
  fetchPage: {
    code: 6,
    field: record({
      requestId: u32,
      conversationId: id<ConversationId>(),
      from: u64,
      direction: u8,
      count: u16,
      withArchive: flag,
    }),
  },
  /**
   * As `post`, for a body with flag bit 0 and for no other. Its keys are never archived, so there is no row beside it. The home deletes the
   * ciphertext when the full hour after `lifetimeHours` has come: it learns no more of the timer than that, and short ones look alike.
   */
  postEphemeral: {
    code: 8,
    field: record({
      requestId: u32,
      conversationId: id<ConversationId>(),
      body: bytes(limits.maxBodyBytes),
      envelopes: list(outgoingEnvelope, limits.maxEnvelopes),
      lifetimeHours: u16,
    }),
  },
  /** Vouchers of this account, first writer wins; what goes over its bounds is left out. Answered `done`. */
  putVouchers: {
    code: 9,
    field: record({
      requestId: u32,
      rows: list(record({ conversationId: id<ConversationId>(), ...voucherRow }), limits.maxVouchers),
    }),
  },
  /** What this account archived of these chains. Answered `vouchers`, in no order; what is not there is left out. */
  fetchVouchers: {
    code: 10,
    field: record({
      requestId: u32,
      conversationId: id<ConversationId>(),
      chainIds: list(id<ChainId>(), limits.maxVouchers),
    }),
  },
  /** Heartbeat, answered `pong`. isActive: a person is looking (presence). */
  ping: { code: 7, field: record({ isActive: flag }) },
})
export type ClientFrame = ReturnType<(typeof clientFrames)['decode']>

const pageItem = record({
  seq: u64,
  receivedAt: u64,
  body: bytes(limits.maxBodyBytes),
  archive: optional(archiveRow),
})

export const serverFrames = frameCodec({
  /** First frame. The tree head is a whole STH (144 bytes). restoredFrom: 0 = never restored. */
  welcome: {
    code: 1,
    field: record({
      incarnation: id<Incarnation>(),
      restoredFrom: u64,
      now: u64,
      treeHead: fixed(144),
      conversations: list(record({ conversationId: id<ConversationId>(), lastSeq: u64, entryCount: u32 }), 65_535),
    }),
  },
  /** On disk. */
  posted: { code: 2, field: record({ requestId: u32, messageId: id<MessageId>(), seq: u64, receivedAt: u64 }) },
  done: { code: 3, field: record({ requestId: u32 }) },
  /** requestId 0: not for a request; the socket closes after it. */
  refused: { code: 4, field: record({ requestId: u32, code: text(64), retryAfterMs: u32 }) },
  /**
   * A stored body for all members' devices, the sending device left out. Sequence numbers of a conversation
   * have no gaps when they are given; later ones open where a body without history or a disappearing one was deleted.
   */
  message: {
    code: 5,
    field: record({
      conversationId: id<ConversationId>(),
      seq: u64,
      receivedAt: u64,
      body: bytes(limits.maxBodyBytes),
    }),
  },
  /** For this device alone, kept and sent again at every connect until acknowledged. */
  envelopes: {
    code: 6,
    field: record({
      items: list(record({ envelopeId: u64, frame: bytes(limits.maxEnvelopeBytes) }), limits.maxEnvelopes),
    }),
  },
  /** A class 3 body, with this device's envelope where the conversation is direct. */
  transient: {
    code: 7,
    field: record({
      conversationId: id<ConversationId>(),
      body: bytes(limits.maxBodyBytes),
      frame: optional(bytes(limits.maxEnvelopeBytes)),
    }),
  },
  page: {
    code: 8,
    field: record({
      requestId: u32,
      conversationId: id<ConversationId>(),
      items: list(pageItem, limits.maxPageMessages),
      hasMore: flag,
    }),
  },
  /** The key log grew to the head's size (or hourly: only a fresher head, no entries). Entries begin at index `from`. */
  logGrew: {
    code: 9,
    field: record({ from: u64, entries: list(bytes(2_048), limits.maxLogPageEntries), treeHead: fixed(144) }),
  },
  /** A membership entry was appended (or a conversation is new to this account: index 0 onwards are to be fetched). */
  conversationGrew: {
    code: 10,
    field: record({ conversationId: id<ConversationId>(), index: u32, entry: bytes(1_024) }),
  },
  /** Which devices of an account are connected (those in no common conversation are not told). isActive: somebody is looking. */
  presence: {
    code: 11,
    field: record({ accountId: id<AccountId>(), deviceIds: list(id<DeviceId>(), 64), isActive: flag }),
  },
  pong: { code: 12, field: record({ now: u64 }) },
  /** This session ended: signed out, or the device was removed. The socket closes. */
  signedOut: { code: 13, field: record({ code: text(64) }) },
  /** Something listed over HTTP changed: fetch it again. */
  changed: { code: 14, field: record({ what: text(16) }) },
  vouchers: { code: 16, field: record({ requestId: u32, rows: list(record(voucherRow), limits.maxVouchers) }) },
})
export type ServerFrame = ReturnType<(typeof serverFrames)['decode']>

const BUNDLE = 15
const LENGTH_BYTES = 4

/**
 * What one turn of the server has for one receiver, in one binary message of the socket:
 * ```
 * code u8 = 15 | one or more of: length u32 | a whole server frame
 * ```
 */
export function bundleFrames(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bundle = new Uint8Array(frames.reduce((sum, frame) => sum + LENGTH_BYTES + frame.length, 1))
  const view = new DataView(bundle.buffer)
  bundle[0] = BUNDLE
  let at = 1
  for (const frame of frames) {
    view.setUint32(at, frame.length)
    bundle.set(frame, at + LENGTH_BYTES)
    at += LENGTH_BYTES + frame.length
  }
  return bundle
}

/**
 * The server frames of one binary message, in order: those of a bundle, or the message itself. They are views of it. Throws
 * {@link MalformedFrame} for lengths that do not fit; what is inside is judged by {@link serverFrames}, which knows no bundles.
 */
export function splitFrames(message: Uint8Array): Uint8Array[] {
  if (message[0] !== BUNDLE) return [message]
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const frames: Uint8Array[] = []
  let at = 1
  do {
    if (at + LENGTH_BYTES > message.length) throw new MalformedFrame('bundle too short')
    const start = at + LENGTH_BYTES
    at = start + view.getUint32(at)
    if (at > message.length) throw new MalformedFrame('bundle too short')
    frames.push(message.subarray(start, at))
  } while (at < message.length)
  return frames
}

/** What `changed` may name. */
export type ChangedThing = 'home' | 'accounts' | 'invites' | 'conversations' | 'sessions'
