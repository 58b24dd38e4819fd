import type { ConversationEntryBody, MemberRole } from '../../../src/crypto/conversation-log.ts'
import { parseConversationEntry } from '../../../src/crypto/conversation-log.ts'
import { signConversationEntry } from '../../../src/crypto/conversation-log-signing.ts'
import type { ConversationState, DeviceDirectory } from '../../../src/crypto/conversation-log-validator.ts'
import { admitConversationEntry } from '../../../src/crypto/conversation-log-validator.ts'
import { sha256 } from '../../../src/crypto/hash.ts'
import { dmConversationId } from '../../../src/crypto/ids.ts'
import {
  checkInviteMac,
  encodeInviteLink,
  formatInviteLink,
  inviteAuth,
  inviteAuthHash,
  inviteMac,
  keyPrefix,
  parseInviteLink,
} from '../../../src/crypto/invite.ts'
import type { LogEntryBody, LogSigner } from '../../../src/crypto/key-log.ts'
import { signDevicePossession, signLogEntry, signRootPossession } from '../../../src/crypto/key-log-signing.ts'
import type { KeyLogState } from '../../../src/crypto/key-log-validator.ts'
import { admitEntry, EMPTY_KEY_LOG } from '../../../src/crypto/key-log-validator.ts'
import type { DevicePublicKey, LogPublicKey, RootPublicKey } from '../../../src/crypto/key-types.ts'
import { generateDhKeyPair, generateKemKeyPair, generateSigningKeyPair } from '../../../src/crypto/keys.ts'
import { checkLogin } from '../../../src/crypto/login.ts'
import { signLogin } from '../../../src/crypto/login-signing.ts'
import { padBody, unpadBody } from '../../../src/crypto/padding.ts'
import { signPrekey } from '../../../src/crypto/prekey-signing.ts'
import type { PrekeyKind } from '../../../src/crypto/prekeys.ts'
import { checkPrekey } from '../../../src/crypto/prekeys.ts'
import { checkSafetyQr, encodeSafetyQr, safetyNumber } from '../../../src/crypto/safety-number.ts'
import { checkSth, compareGossip } from '../../../src/crypto/sth.ts'
import { signSth } from '../../../src/crypto/sth-signing.ts'
import { leafHash, MerkleTree, nodeHash } from '../../../src/crypto/tree.ts'
import { backupPublicKeyHash } from './backup-key.ts'
import type { Json, JsonObject, OpTable, VectorCase } from './types.ts'
import { asObject, bytesFrom, bytesOf, caseNamed, hexOf, listOf, numberOf, textOf } from './types.ts'

function signingPairOf<Role extends string>(inputs: JsonObject, name: string) {
  return generateSigningKeyPair<Role>(bytesOf(inputs, name))
}

function hexList(object: JsonObject, name: string): Uint8Array[] {
  return listOf(object, name).map((value) => bytesFrom(String(value)))
}

/** The first entries of the case that the inputs name. */
function entriesBefore(inputs: JsonObject, all: VectorCase[]): { entries: Uint8Array[]; log: JsonObject } {
  const log = 'log' in inputs ? caseNamed(all, textOf(inputs, 'log')).inputs : inputs
  const entries = hexList(log, 'entries')
  return { log, entries: 'acceptedEntries' in inputs ? entries.slice(0, numberOf(inputs, 'acceptedEntries')) : entries }
}

function prekeyPublicKey(inputs: JsonObject): Uint8Array {
  if ('SPK_secret' in inputs) return generateDhKeyPair(bytesOf(inputs, 'SPK_secret')).publicKey
  return generateKemKeyPair(bytesOf(inputs, 'KPK_seed')).publicKey
}

function logEntryBody(inputs: JsonObject): LogEntryBody {
  const userId = bytesOf(inputs, 'userId')
  const prev = bytesOf(inputs, 'prev')
  const type = textOf(inputs, 'typeName')
  switch (type) {
    case 'genesis':
    case 'identity-reset': {
      const { publicKey: uik } = signingPairOf<'root'>(inputs, 'UIK_seed')
      const identity = {
        uik,
        backupPkHash: backupPublicKeyHash(bytesOf(inputs, 'BRK')),
        inviteId: bytesOf(inputs, 'inviteId'),
        inviteMac:
          'inviteSecret' in inputs ? inviteMac(bytesOf(inputs, 'inviteSecret'), userId, uik) : new Uint8Array(32),
      }
      return type === 'genesis' ? { type, ...identity } : { type, ...identity, prevAgain: prev }
    }
    case 'device-add': {
      const { publicKey: dsk, secretKey } = signingPairOf<'device'>(inputs, 'DSK_seed')
      const dik = generateDhKeyPair<'device'>(bytesOf(inputs, 'DIK_secret')).publicKey
      const deviceId = bytesOf(inputs, 'deviceId')
      const possession = signDevicePossession(secretKey, { userId, deviceId, dsk, dik, prev })
      return { type, deviceId, dsk, dik, caps: numberOf(inputs, 'caps'), possession }
    }
    case 'device-revoke':
      return { type, deviceId: bytesOf(inputs, 'deviceId'), reason: numberOf(inputs, 'reason') }
    case 'root-rotate': {
      const { publicKey: uik, secretKey } = signingPairOf<'root'>(inputs, 'newUIK_seed')
      const backupPkHash = backupPublicKeyHash(bytesOf(inputs, 'newBRK'))
      return { type, uik, backupPkHash, possession: signRootPossession(secretKey, { userId, uik, backupPkHash, prev }) }
    }
    case 'vouch': {
      const how = (['invite', 'qr', 'numbers'] as const)[numberOf(inputs, 'how') - 1]!
      const otherUikHash = sha256(bytesOf(inputs, 'otherUIK'))
      return { type, otherUserId: bytesOf(inputs, 'otherUserId'), otherUikHash, how }
    }
    default:
      throw new TypeError(`entry type ${type}`)
  }
}

function logEntry(inputs: JsonObject): JsonObject {
  const signer: LogSigner =
    numberOf(inputs, 'signerKind') === 0
      ? { kind: 'root' }
      : { kind: 'device', deviceId: bytesOf(inputs, 'signerDevice') }
  const entry = signLogEntry(signingPairOf<'root'>(inputs, 'signer_seed').secretKey, {
    userId: bytesOf(inputs, 'userId'),
    useq: numberOf(inputs, 'useq'),
    prev: bytesOf(inputs, 'prev'),
    signer,
    time: numberOf(inputs, 'time'),
    body: logEntryBody(inputs),
  })
  return { entry: hexOf(entry) }
}

function keyLogJson(state: KeyLogState): JsonObject {
  const users = [...state.users.values()]
  const devices = users.flatMap((user) => user.devices.map((device) => ({ user, device })))
  devices.sort((left, right) => left.device.addedIndex - right.device.addedIndex)
  return {
    users: users.map((user) => ({
      userId: hexOf(user.userId),
      UIK: hexOf(user.uik),
      backupPkHash: hexOf(user.backupPkHash),
      nextUseq: user.useq + 1,
      lastEntryHash: hexOf(user.head),
    })),
    devices: devices.map(({ user, device }) => ({
      deviceId: hexOf(device.deviceId),
      userId: hexOf(user.userId),
      DSK: hexOf(device.dsk),
      DIK: hexOf(device.dik),
      caps: device.caps,
      status: device.status,
    })),
  }
}

function convEntryBody(inputs: JsonObject): ConversationEntryBody {
  const type = textOf(inputs, 'typeName')
  const role = (): MemberRole => (numberOf(inputs, 'role') === 1 ? 'admin' : 'member')
  const historyPolicy = () => (numberOf(inputs, 'historyPolicy') === 1 ? 'share' : 'none')
  switch (type) {
    case 'create':
      return { type, kind: numberOf(inputs, 'kind') === 2 ? 'group' : 'open', historyPolicy: historyPolicy() }
    case 'add':
      return { type, userId: bytesOf(inputs, 'userId'), uikHash: sha256(bytesOf(inputs, 'UIK')), role: role() }
    case 'remove':
      return { type, userId: bytesOf(inputs, 'userId') }
    case 'role':
      return { type, userId: bytesOf(inputs, 'userId'), role: role() }
    case 'leave':
      return { type }
    case 'policy':
      return { type, historyPolicy: historyPolicy() }
    default:
      throw new TypeError(`entry type ${type}`)
  }
}

function directoryFrom(log: JsonObject): DeviceDirectory {
  const devices = listOf(log, 'devices').map((value) => asObject(value))
  return {
    activeDevice(userId, deviceId) {
      const found = devices.find((one) => one['userId'] === hexOf(userId) && one['deviceId'] === hexOf(deviceId))
      return found === undefined ? null : (bytesOf(found, 'DSK') as DevicePublicKey)
    },
  }
}

function conversationStates(inputs: JsonObject, all: VectorCase[]) {
  const { entries, log } = entriesBefore(inputs, all)
  const offer = { convId: bytesOf(log, 'convId'), directory: directoryFrom(log) }
  const states: ConversationState[] = []
  for (const entry of entries) states.push(admitConversationEntry(states.at(-1) ?? null, { ...offer, entry }))
  return { states, offer }
}

function conversationJson(state: ConversationState): JsonObject {
  return {
    epoch: state.epoch,
    convHead: hexOf(state.head),
    kind: state.kind === 'group' ? 2 : 3,
    historyPolicy: state.historyPolicy === 'share' ? 1 : 0,
    members: state.members.map((member) => ({
      userId: hexOf(member.userId),
      role: member.role === 'admin' ? 1 : 0,
      ...(member.uikHash === null ? {} : { H_UIK: hexOf(member.uikHash) }),
    })),
  }
}

/** Runs `change`, and fails loudly if the state it started from looks different afterwards, refused or not. */
function unchanged<T>(look: () => Json, change: () => T): T {
  const before = JSON.stringify(look())
  const compare = () => {
    if (JSON.stringify(look()) !== before) throw new Error('the state was changed in place')
  }
  try {
    const result = change()
    compare()
    return result
  } catch (error) {
    compare()
    throw error
  }
}

function loginOf(inputs: JsonObject) {
  return { origin: textOf(inputs, 'origin'), nonce: bytesOf(inputs, 'nonce'), time: numberOf(inputs, 'time') }
}

/** Ids, prekeys, key log, heads, invites, safety numbers, membership chains, padding and login. */
export const opsA: OpTable = {
  dmConvId: ({ inputs }) => ({ convId: hexOf(dmConversationId(bytesOf(inputs, 'userA'), bytesOf(inputs, 'userB'))) }),

  signPrekey({ inputs }) {
    const { publicKey, secretKey } = signingPairOf<'device'>(inputs, 'DSK_seed')
    const owner = { userId: bytesOf(inputs, 'userId'), deviceId: bytesOf(inputs, 'deviceId') }
    const signed = signPrekey(
      textOf(inputs, 'label') as PrekeyKind,
      { ...owner, dskSecret: secretKey },
      { id: numberOf(inputs, 'id'), createdAt: numberOf(inputs, 'createdAt'), publicKey: prekeyPublicKey(inputs) },
    )
    return { DSK: hexOf(publicKey), pub: hexOf(signed.publicKey), signature: hexOf(signed.signature) }
  },

  checkPrekey({ inputs }) {
    const owner = {
      userId: bytesOf(inputs, 'userId'),
      deviceId: bytesOf(inputs, 'deviceId'),
      dsk: bytesOf(inputs, 'DSK') as DevicePublicKey,
      now: numberOf(inputs, 'now'),
    }
    checkPrekey(textOf(inputs, 'label') as PrekeyKind, owner, {
      id: numberOf(inputs, 'id'),
      createdAt: numberOf(inputs, 'createdAt'),
      publicKey: bytesOf(inputs, 'pub'),
      signature: bytesOf(inputs, 'signature'),
    })
    return { accepted: true }
  },

  logEntry: ({ inputs }) => logEntry(inputs),

  validateLog({ inputs }, all) {
    const state = entriesBefore(inputs, all).entries.reduce(admitEntry, EMPTY_KEY_LOG)
    return { state: keyLogJson(state) }
  },

  validateEntry({ inputs }, all) {
    const state = entriesBefore(inputs, all).entries.reduce(admitEntry, EMPTY_KEY_LOG)
    const entry = bytesOf(inputs, 'entry')
    unchanged(
      () => keyLogJson(state),
      () => admitEntry(state, entry),
    )
    return { accepted: true }
  },

  treeRoots({ inputs }) {
    const leaves = hexList(inputs, 'leafHashes')
    const whole = new MerkleTree(leaves)
    const roots = Array.from({ length: leaves.length + 1 }, (_, size) => {
      const grown = hexOf(new MerkleTree(leaves.slice(0, size)).root())
      if (hexOf(whole.rootAt(size)) !== grown) throw new Error('rootAt is not the root of then')
      return grown
    })
    return { roots }
  },

  leafHash({ inputs }, all) {
    const leaves = hexList(all.find((one) => one.op === 'treeRoots')!.inputs, 'leafHashes')
    return {
      leafHash: hexOf(leafHash(bytesOf(inputs, 'entry'))),
      nodeHashOfFirstTwo: hexOf(nodeHash(leaves[0]!, leaves[1]!)),
    }
  },

  sth({ inputs }) {
    const key = signingPairOf<'log'>(inputs, 'logKey_seed')
    const head = { size: numberOf(inputs, 'size'), root: bytesOf(inputs, 'root'), time: numberOf(inputs, 'time') }
    const sth = signSth(key, head)
    const read = checkSth(key.publicKey, sth)
    if (read.size !== head.size || read.time !== head.time || hexOf(read.root) !== hexOf(head.root)) {
      throw new Error('the head reads back differently')
    }
    return { logPublicKey: hexOf(key.publicKey), STH: hexOf(sth) }
  },

  checkSth({ inputs }) {
    checkSth(bytesOf(inputs, 'logPublicKey') as LogPublicKey, bytesOf(inputs, 'STH'))
    return { accepted: true }
  },

  gossip({ inputs }) {
    const mine = new MerkleTree(hexList(inputs, 'leafHashes'))
    return {
      result: compareGossip(mine, { size: numberOf(inputs, 'peerSize'), root: bytesOf(inputs, 'peerRoot') }),
    }
  },

  invite({ inputs }) {
    const inviteSecret = bytesOf(inputs, 'secret')
    const link = {
      inviteId: bytesOf(inputs, 'inviteId'),
      inviteSecret,
      inviterUikPrefix: keyPrefix(bytesOf(inputs, 'inviterUIK') as RootPublicKey),
      logKeyPrefix: keyPrefix(bytesOf(inputs, 'logPublicKey') as LogPublicKey),
    }
    const linkText = formatInviteLink(link)
    const linkBytes = hexOf(encodeInviteLink(link))
    if (hexOf(encodeInviteLink(parseInviteLink(linkText))) !== linkBytes) throw new Error('the link reads differently')
    const uik = bytesOf(inputs, 'inviteeUIK') as RootPublicKey
    return {
      linkBytes,
      linkText,
      inviteAuth: hexOf(inviteAuth(inviteSecret)),
      inviteAuthHash: hexOf(inviteAuthHash(inviteSecret)),
      inviteMac: hexOf(inviteMac(inviteSecret, bytesOf(inputs, 'inviteeUserId'), uik)),
    }
  },

  checkInviteMac({ inputs }) {
    const uik = bytesOf(inputs, 'inviteeUIK') as RootPublicKey
    const invitee = { userId: bytesOf(inputs, 'inviteeUserId'), uik, inviteMac: bytesOf(inputs, 'inviteMac') }
    checkInviteMac(bytesOf(inputs, 'secret'), invitee)
    return { accepted: true }
  },

  parseInviteLink({ inputs }) {
    return { linkBytes: hexOf(encodeInviteLink(parseInviteLink(textOf(inputs, 'linkText')))) }
  },

  safetyNumber({ inputs }) {
    const self = { userId: bytesOf(inputs, 'selfUserId'), uik: bytesOf(inputs, 'selfUIK') as RootPublicKey }
    const peer = { userId: bytesOf(inputs, 'peerUserId'), uik: bytesOf(inputs, 'peerUIK') as RootPublicKey }
    const qr = encodeSafetyQr(self, peer, { size: numberOf(inputs, 'sthSize'), root: bytesOf(inputs, 'sthRoot') })
    if (checkSafetyQr(qr, peer, self).size !== numberOf(inputs, 'sthSize')) throw new Error('the QR reads differently')
    return { safetyNumber: safetyNumber(self, peer), qr: hexOf(qr) }
  },

  convEntry({ inputs }) {
    const entry = signConversationEntry(signingPairOf<'device'>(inputs, 'DSK_seed').secretKey, {
      convId: bytesOf(inputs, 'convId'),
      seq: numberOf(inputs, 'seq'),
      prev: bytesOf(inputs, 'prev'),
      signerUser: bytesOf(inputs, 'signerUser'),
      signerDevice: bytesOf(inputs, 'signerDevice'),
      sthSize: numberOf(inputs, 'sthSize'),
      body: convEntryBody(inputs),
    })
    return { entry: hexOf(entry), convHead: hexOf(parseConversationEntry(entry).head), epoch: numberOf(inputs, 'seq') }
  },

  validateConvLog({ inputs }, all) {
    const states = conversationStates(inputs, all).states.map(conversationJson)
    return { state: states.at(-1)!, states }
  },

  validateConvEntry({ inputs }, all) {
    const { states, offer } = conversationStates(inputs, all)
    const last = states.at(-1) ?? null
    const entry = bytesOf(inputs, 'entry')
    const next = unchanged(
      () => last && conversationJson(last),
      () => admitConversationEntry(last, { ...offer, entry }),
    )
    return { accepted: true, convHead: hexOf(next.head), epoch: next.epoch }
  },

  padBody({ inputs }) {
    const content =
      'bytes' in inputs
        ? bytesOf(inputs, 'bytes')
        : new Uint8Array(numberOf(inputs, 'length')).fill(numberOf(inputs, 'repeatedByte'))
    const padded = padBody(content)
    if (hexOf(unpadBody(padded)) !== hexOf(content)) throw new Error('the padding comes off differently')
    const shown: JsonObject = 'bytes' in inputs ? { padded: hexOf(padded) } : { paddedHash: hexOf(sha256(padded)) }
    return { paddedLength: padded.length, ...shown }
  },

  unpadBody: ({ inputs }) => ({ bytes: hexOf(unpadBody(bytesOf(inputs, 'padded'))) }),

  auth({ inputs }) {
    const { publicKey, secretKey } = signingPairOf<'device'>(inputs, 'DSK_seed')
    const signature = signLogin(secretKey, loginOf(inputs))
    checkLogin(publicKey, loginOf(inputs), signature)
    return { DSK: hexOf(publicKey), signature: hexOf(signature) }
  },

  checkAuth({ inputs }) {
    checkLogin(bytesOf(inputs, 'DSK') as DevicePublicKey, loginOf(inputs), bytesOf(inputs, 'signature'))
    return { accepted: true }
  },
}
