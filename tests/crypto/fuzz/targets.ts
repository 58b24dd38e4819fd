import type { AccountState } from '../../../src/client/account-state.ts'
import { parseLink } from '../../../src/client/invite-look.ts'
import { decodeHandover, encodeHandover, type LinkHandover } from '../../../src/client/link-handover.ts'
import { createLocalStore } from '../../../src/client/local-store.ts'
import { contentTypeOf, decodePayload, encodePayload, type Payload } from '../../../src/client/payloads.ts'
import { readSecret } from '../../../src/client/recovery.ts'
import { openArchiveRow, sealArchiveRow } from '../../../src/crypto/archive.ts'
import { openVoucherRow, sealVoucherRow } from '../../../src/crypto/archived-voucher.ts'
import { parseSlotFront, readPassphraseFront, sealCodeSlot } from '../../../src/crypto/backup-slots.ts'
import { openBodyWithKey, sealDmBody, sealGroupBody } from '../../../src/crypto/body.ts'
import { parseBodyHeader } from '../../../src/crypto/body-header.ts'
import { decodeBodyPlaintext, encodeBodyPlaintext } from '../../../src/crypto/body-plaintext.ts'
import { Reader } from '../../../src/crypto/bytes.ts'
import { decodeCbor, encodeCbor } from '../../../src/crypto/cbor.ts'
import { openFile, sealFile } from '../../../src/crypto/cobblestone.ts'
import { parseConversationEntry } from '../../../src/crypto/conversation-log.ts'
import { signConversationEntry } from '../../../src/crypto/conversation-log-signing.ts'
import { sha256 } from '../../../src/crypto/hash.ts'
import {
  type BundleChain,
  encodeBundleChain,
  encodeHistoryBundle,
  parseHistoryBundle,
  readBundleChain,
} from '../../../src/crypto/history-bundle.ts'
import { formatInviteLink, parseInviteLink } from '../../../src/crypto/invite.ts'
import { parseLogEntry } from '../../../src/crypto/key-log.ts'
import { signDevicePossession, signLogEntry } from '../../../src/crypto/key-log-signing.ts'
import type { ChainPublicKey, LogPublicKey, RootPublicKey } from '../../../src/crypto/key-types.ts'
import { generateDhKeyPair, generateSigningKeyPair } from '../../../src/crypto/keys.ts'
import {
  createLinkOffer,
  encodeLinkAccount,
  encodeLinkCode,
  encodeLinkHandover,
  formatLinkCode,
  parseLinkCode,
  parseLinkMessage,
  readLinkCode,
} from '../../../src/crypto/linking.ts'
import {
  encodeChainRequest,
  encodeContentKey,
  encodeHistoryBundlePointer,
  encodeOwnDeviceSync,
  encodeRetryRequest,
  encodeSenderKey,
  encodeSessionAck,
  parsePacket,
} from '../../../src/crypto/packets.ts'
import { systemRandom } from '../../../src/crypto/random.ts'
import { formatRecoveryCode, readRecoveryCode } from '../../../src/crypto/recovery-code.ts'
import { checkSafetyQr, encodeSafetyQr } from '../../../src/crypto/safety-number.ts'
import {
  acceptSenderKey,
  createChain,
  openWithChain,
  type ReceivingChain,
  sealWithChain,
  senderKeyOf,
} from '../../../src/crypto/sender-chain.ts'
import {
  acceptIncomingSession,
  createOutgoingSession,
  decryptFrame,
  encryptPacket,
} from '../../../src/crypto/session.ts'
import { parseSessionFrame } from '../../../src/crypto/session-frame.ts'
import { checkSth } from '../../../src/crypto/sth.ts'
import { signSth } from '../../../src/crypto/sth-signing.ts'
import type { ChainId, ConversationId, DeviceId, Incarnation, MessageId } from '../../../src/protocol/ids.ts'
import { idFromBytes } from '../../../src/protocol/ids.ts'
import { clientFrames, serverFrames, splitFrames } from '../../../src/protocol/socket.ts'
import { BunPlatform, MemoryStorage } from '../../support/bun-platform.ts'
import { connect, createDevice, START } from '../devices.ts'

/** A decoder with inputs that it takes. It may answer or refuse; anything else is a fault. */
export type Target = { name: string; seeds: Uint8Array[]; decode(bytes: Uint8Array): unknown }

const id = () => systemRandom(16)
const ascii = (text: string) => new TextEncoder().encode(text)
const asText = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

export async function makeTargets(): Promise<Target[]> {
  return [
    ...(await bodies()),
    ...(await frames()),
    ...logs(),
    ...(await backups()),
    ...links(),
    ...wire(),
    ...(await rows()),
  ]
}

function plaintext(payload: Payload = { kind: 'text', text: 'hello' }) {
  return {
    ...{ contentType: 1, senderUser: id(), senderDevice: id(), sentAt: START, sthSize: 1 },
    ...{ sthRoot: systemRandom(32), expirySeconds: 0, payload: encodePayload(payload) },
  }
}

function bundleChain(): BundleChain {
  const signingKey = systemRandom(32) as ChainPublicKey
  return { chainId: id(), deviceId: id(), epoch: 9, signingKey, certificate: systemRandom(64) }
}

async function bodies(): Promise<Target[]> {
  const dm = { class: 0 as const, isEphemeral: false, convId: id(), msgId: id() }
  const messageKey = systemRandom(32)
  const { body } = await sealDmBody(messageKey, dm, plaintext())
  const place = { epoch: 3, convHead: systemRandom(32), chainId: id(), iteration: 9 }
  const signing = generateSigningKeyPair<'chain'>().secretKey
  const group = await sealGroupBody(messageKey, { ...dm, ...place }, plaintext(), signing)
  const payloads: Payload[] = [
    { kind: 'text', text: 'hello' },
    { kind: 'receipt', delivered: idFromBytes<MessageId>(id()), read: null },
    { kind: 'typing' },
    { kind: 'profile', name: 'Oma', photo: systemRandom(20) },
  ]
  const { own } = createDevice()
  const chain = createChain(
    own,
    { convId: id(), epoch: 1, convHead: systemRandom(32), klass: 0 },
    { random: systemRandom, now: START },
  )
  const receiving: ReceivingChain = acceptSenderKey(own, senderKeyOf(chain))
  const said = await sealWithChain(
    chain,
    { class: 0, msgId: id() },
    { ...plaintext(), senderUser: own.userId, senderDevice: own.deviceId },
  )
  return [
    { name: 'body header', seeds: [body, group], decode: parseBodyHeader },
    {
      name: 'body with key',
      seeds: [body],
      decode: (bytes) => openBodyWithKey(bytes, { messageKey, bodyHash: sha256(bytes) }),
    },
    { name: 'body of a chain', seeds: [said.body], decode: (bytes) => openWithChain(receiving, bytes, START) },
    {
      name: 'body plaintext',
      seeds: [encodeBodyPlaintext(plaintext())],
      decode: (bytes) => decodeBodyPlaintext(bytes, false),
    },
    ...payloads.map((payload) => ({
      ...{ name: `payload ${payload.kind}`, seeds: [encodePayload(payload)] },
      decode: (bytes: Uint8Array) => decodePayload(contentTypeOf(payload), bytes),
    })),
    {
      name: 'payload of any type',
      seeds: payloads.map((payload) => new Uint8Array([contentTypeOf(payload), ...encodePayload(payload)])),
      decode: (bytes) => decodePayload(bytes[0] ?? 0, bytes.subarray(1)),
    },
    {
      name: 'cbor',
      seeds: [encodeCbor({ a: [1, -2, 2.5, 'text', new Uint8Array([1]), null, true], b: {} }), encodeCbor([])],
      decode: (bytes) => decodeCbor(bytes, { maxBytes: 2_000 }),
    },
  ]
}

async function frames(): Promise<Target[]> {
  const [first, second] = [createDevice(), createDevice()]
  const surroundings = { random: systemRandom, now: START }
  const started = createOutgoingSession(first.own, second.bundle, second.own, surroundings)
  const initial = (await encryptPacket(started, encodeSessionAck())).frame
  const { a, b } = await connect()
  const regular = (await encryptPacket(a, encodeSessionAck())).frame
  const ids = { convId: id(), msgId: id() }
  const chain = createChain(first.own, { convId: id(), epoch: 1, convHead: systemRandom(32), klass: 0 }, surroundings)
  const packets = [
    ...[encodeSessionAck(), encodeContentKey({ ...ids, messageKey: systemRandom(32), bodyHash: systemRandom(32) })],
    ...[encodeChainRequest({ convId: id(), epoch: 3, chainId: id() }), encodeRetryRequest({ ...ids, reason: 1 })],
    encodeHistoryBundlePointer({ convId: id(), attachmentId: id(), fileKey: systemRandom(32), size: 2 ** 40 }),
    ...[encodeOwnDeviceSync({ kind: 'archive_key', key: systemRandom(32) }), encodeSenderKey(senderKeyOf(chain))],
  ]
  const bundle = encodeHistoryBundle({
    messages: [{ msgId: id(), messageKey: systemRandom(32), bodyHash: systemRandom(32) }],
    chains: [bundleChain()],
  })
  return [
    { name: 'session frame', seeds: [initial, regular], decode: parseSessionFrame },
    { name: 'frame of a session', seeds: [regular], decode: (bytes) => decryptFrame(b, bytes, surroundings) },
    {
      name: 'frame of a new session',
      seeds: [initial],
      decode: (bytes) => acceptIncomingSession(second.own, second.held, first.own, bytes, surroundings),
    },
    { name: 'inner packet', seeds: packets, decode: parsePacket },
    { name: 'history bundle', seeds: [bundle], decode: parseHistoryBundle },
  ]
}

function logs(): Target[] {
  const root = generateSigningKeyPair<'root'>()
  const dsk = generateSigningKeyPair<'device'>()
  const userId = id()
  const head = { userId, useq: 0, prev: new Uint8Array(32), signer: { kind: 'root' as const }, time: START }
  const genesis = signLogEntry(root.secretKey, {
    ...head,
    body: {
      type: 'genesis',
      uik: root.publicKey,
      backupPkHash: systemRandom(32),
      inviteId: id(),
      inviteMac: systemRandom(32),
    },
  })
  const keys = { deviceId: id(), dsk: dsk.publicKey, dik: generateDhKeyPair<'device'>().publicKey }
  const possession = signDevicePossession(dsk.secretKey, { userId, ...keys, prev: sha256(genesis) })
  const next = { ...head, useq: 1, prev: sha256(genesis) }
  const deviceAdd = signLogEntry(root.secretKey, {
    ...next,
    body: { type: 'device-add', ...keys, caps: 0, possession },
  })
  const signer = { kind: 'device' as const, deviceId: keys.deviceId }
  const vouch = signLogEntry(dsk.secretKey, {
    ...{ ...next, useq: 2, signer },
    body: { type: 'vouch', otherUserId: id(), otherUikHash: systemRandom(32), how: 'invite' },
  })
  const revoke = signLogEntry(root.secretKey, {
    ...next,
    body: { type: 'device-revoke', deviceId: keys.deviceId, reason: 3 },
  })
  const place = {
    convId: id(),
    seq: 0,
    prev: new Uint8Array(32),
    signerUser: userId,
    signerDevice: keys.deviceId,
    sthSize: 2,
  }
  const create = signConversationEntry(dsk.secretKey, {
    ...place,
    body: { type: 'create', kind: 'group', historyPolicy: 'none' },
  })
  const add = signConversationEntry(dsk.secretKey, {
    ...place,
    seq: 1,
    body: { type: 'add', userId: id(), uikHash: systemRandom(32), role: 'admin' },
  })
  const log = generateSigningKeyPair<'log'>()
  const sth = signSth(
    { ...log, publicKey: log.publicKey as LogPublicKey },
    { size: 3, root: systemRandom(32), time: START },
  )
  const self = { userId: id(), uik: root.publicKey }
  const peer = { userId: id(), uik: generateSigningKeyPair<'root'>().publicKey }
  const qr = encodeSafetyQr(peer, self, { size: 3, root: systemRandom(32) })
  return [
    { name: 'key log entry', seeds: [genesis, deviceAdd, vouch, revoke], decode: parseLogEntry },
    { name: 'conversation entry', seeds: [create, add], decode: parseConversationEntry },
    { name: 'signed tree head', seeds: [sth], decode: (bytes) => checkSth(log.publicKey as LogPublicKey, bytes) },
    { name: 'safety QR', seeds: [qr], decode: quickly((bytes) => checkSafetyQr(bytes, self, peer), qr.length) },
  ]
}

/** Ten milliseconds of hashing are spent on what has the right length alone: one in some thousands is enough. */
function quickly(decode: (bytes: Uint8Array) => unknown, length: number): (bytes: Uint8Array) => unknown {
  let count = 0
  return (bytes) => (bytes.length === length && count++ % 2_000 !== 0 ? null : decode(bytes))
}

async function backups(): Promise<Target[]> {
  const content = { userId: id(), backupRoot: systemRandom(32), random: systemRandom }
  const { slot } = await sealCodeSlot(systemRandom(32), content)
  const passphraseFront = new Uint8Array(26)
  passphraseFront.set([1, 1, 0, 1, 0, 0, 0, 0, 0, 3])
  const code = formatRecoveryCode(systemRandom(32))
  const archiveKey = { epoch: 1, key: systemRandom(32) }
  const place = { userId: id(), msgId: id() }
  const row = await sealArchiveRow(
    archiveKey,
    place,
    { messageKey: systemRandom(32), bodyHash: systemRandom(32) },
    systemRandom,
  )
  const chain = bundleChain()
  const voucherPlace = { userId: id(), convId: id(), chainId: chain.chainId }
  const voucher = await sealVoucherRow(archiveKey, voucherPlace, chain, systemRandom)
  const fileKey = systemRandom(32)
  const file = await sealFile(fileKey, systemRandom(24), new Uint8Array([1]), systemRandom(300))
  return [
    { name: 'slot front', seeds: [slot, passphraseFront], decode: parseSlotFront },
    { name: 'passphrase front', seeds: [passphraseFront], decode: readPassphraseFront },
    {
      name: 'recovery code',
      seeds: [ascii(code), ascii(code.toLowerCase())],
      decode: (bytes) => readRecoveryCode(asText(bytes)),
    },
    {
      name: 'passphrase or code',
      seeds: [ascii(code), ascii('correct horse battery')],
      decode: (bytes) => readSecret(asText(bytes)),
    },
    { name: 'archive row', seeds: [row], decode: (bytes) => openArchiveRow(archiveKey, place, bytes) },
    { name: 'voucher row', seeds: [voucher], decode: (bytes) => openVoucherRow(archiveKey, voucherPlace, bytes) },
    {
      name: 'chain of a voucher',
      seeds: [encodeBundleChain(chain)],
      decode: (bytes) => readBundleChain(new Reader(bytes)),
    },
    { name: 'sealed file', seeds: [file], decode: (bytes) => openFile(fileKey, new Uint8Array([1]), bytes) },
  ]
}

function links(): Target[] {
  const { code } = createLinkOffer(1, systemRandom)
  const invite = formatInviteLink({
    ...{ inviteId: id(), inviteSecret: systemRandom(32), inviterUikPrefix: id(), logKeyPrefix: id() },
  })
  const account: LinkHandover = {
    ...{ kind: 'account', signInName: 'oma', uik: systemRandom(32) as RootPublicKey },
    ...{ logPublicKey: systemRandom(32) as LogPublicKey, head: { size: 3, root: systemRandom(32) } },
    ...{ backupPublicKey: systemRandom(1216), archiveKeys: [{ epoch: 1, key: systemRandom(32) }], endedDevices: 0 },
    state: { version: 1, state: { format: 1 } as AccountState },
  }
  const handovers = [account, { kind: 'hello' as const, personName: 'Oma', homeName: 'Home' }].map(encodeHandover)
  const messages = [encodeLinkAccount({ userId: id(), prev: systemRandom(32) }), encodeLinkHandover(new Uint8Array(5))]
  return [
    { name: 'linking code', seeds: [encodeLinkCode(code)], decode: parseLinkCode },
    { name: 'linking text', seeds: [ascii(formatLinkCode(code))], decode: (bytes) => readLinkCode(asText(bytes)) },
    { name: 'linking message', seeds: messages, decode: parseLinkMessage },
    { name: 'linking handover', seeds: handovers, decode: decodeHandover },
    { name: 'invite link', seeds: [ascii(invite)], decode: (bytes) => parseInviteLink(asText(bytes)) },
    {
      name: 'pasted invite',
      seeds: [ascii(`https://home.example${invite}`), ascii(` ${invite}\n`)],
      decode: (bytes) => parseLink(asText(bytes)),
    },
  ]
}

function wire(): Target[] {
  const conversationId = idFromBytes<ConversationId>(id())
  const deviceId = idFromBytes<DeviceId>(id())
  const chainId = idFromBytes<ChainId>(id())
  const body = systemRandom(200)
  const fromHome = [
    serverFrames.encode({
      ...{ type: 'welcome', incarnation: idFromBytes<Incarnation>(id()), restoredFrom: 0, now: START },
      ...{ treeHead: systemRandom(144), conversations: [{ conversationId, lastSeq: 3, entryCount: 1 }] },
    }),
    serverFrames.encode({ type: 'message', conversationId, seq: 1, receivedAt: START, body }),
    serverFrames.encode({ type: 'envelopes', items: [{ envelopeId: 1, frame: body }] }),
    serverFrames.encode({
      type: 'page',
      requestId: 1,
      conversationId,
      items: [{ seq: 1, receivedAt: 2, body, archive: { epoch: 1, row: systemRandom(92) } }],
      hasMore: true,
    }),
    serverFrames.encode({ type: 'logGrew', from: 3, entries: [body], treeHead: systemRandom(144) }),
    serverFrames.encode({ type: 'changed', what: 'home' }),
    serverFrames.encode({ type: 'vouchers', requestId: 1, rows: [{ chainId, epoch: 1, row: systemRandom(160) }] }),
  ]
  const fromDevice = [
    clientFrames.encode({
      type: 'post',
      requestId: 1,
      conversationId,
      body,
      envelopes: [{ deviceId, frame: body }],
      archive: null,
    }),
    clientFrames.encode({ type: 'acknowledge', envelopeIds: [1, 2, 3] }),
    clientFrames.encode({
      type: 'fetchPage',
      requestId: 2,
      conversationId,
      from: 0,
      direction: 1,
      count: 9,
      withArchive: true,
    }),
    clientFrames.encode({
      type: 'putVouchers',
      requestId: 3,
      rows: [{ conversationId, chainId, epoch: 1, row: systemRandom(160) }],
    }),
    clientFrames.encode({ type: 'fetchVouchers', requestId: 4, conversationId, chainIds: [chainId] }),
  ]
  return [
    { name: 'frame of the home', seeds: fromHome, decode: (bytes) => serverFrames.decode(bytes) },
    {
      name: 'message of the home',
      seeds: fromHome,
      decode: (bytes) => splitFrames(bytes).map((one) => serverFrames.decode(one)),
    },
    { name: 'frame of a device', seeds: fromDevice, decode: (bytes) => clientFrames.decode(bytes) },
  ]
}

/** A row of the device's own database, as whoever can write to the disk would leave it. */
async function rows(): Promise<Target[]> {
  const storage = new MemoryStorage()
  const store = createLocalStore(new BunPlatform({ url: 'http://127.0.0.1:1', storage }))
  await store.commit([{ table: 'device', key: 'row', value: { a: 1, b: [new Uint8Array(9)], c: 'text' } }])
  const sealed = (await storage.read('device', 'row'))!
  async function decode(bytes: Uint8Array): Promise<unknown> {
    await storage.commit([{ table: 'device', key: 'row', value: bytes }])
    return store.get('device', 'row')
  }
  return [{ name: 'local row', seeds: [sealed], decode }]
}
