import { openAccountState, sealAccountState } from '../../../src/crypto/account-state.ts'
import { openArchiveRow, sealArchiveRow } from '../../../src/crypto/archive.ts'
import { stretchPassphrase } from '../../../src/crypto/argon2.ts'
import { openAttachment, openAttachmentRange, sealAttachment } from '../../../src/crypto/attachment.ts'
import { deriveBackupKeyPair, hashBackupKey, unwrapRootSeed, wrapRootSeed } from '../../../src/crypto/backup-root.ts'
import {
  openCodeSlot,
  openPassphraseSlot,
  parseSlotFront,
  readPassphraseFront,
  sealCodeSlot,
  sealPassphraseSlot,
} from '../../../src/crypto/backup-slots.ts'
import { equal, exactly } from '../../../src/crypto/bytes.ts'
import { locateRange } from '../../../src/crypto/cobblestone.ts'
import { sha256 } from '../../../src/crypto/hash.ts'
import { generateXwingKeyPair } from '../../../src/crypto/kem.ts'
import { signDevicePossession } from '../../../src/crypto/key-log-signing.ts'
import type { DeviceDhPublicKey, DevicePublicKey, DeviceSecretKey } from '../../../src/crypto/key-types.ts'
import { generateDhKeyPair, generateSigningKeyPair } from '../../../src/crypto/keys.ts'
import {
  completeLink,
  createLinkOffer,
  encodeLinkCode,
  encodeLinkDevice,
  formatLinkCode,
  joinLink,
  type LinkChannel,
  type LinkRole,
  openLinkFrame,
  parseLinkCode,
  parseLinkMessage,
  readLinkCode,
  sealLinkFrame,
} from '../../../src/crypto/linking.ts'
import { padmeLength } from '../../../src/crypto/padme.ts'
import { formatRecoveryCode, readRecoveryCode } from '../../../src/crypto/recovery-code.ts'
import {
  openArchiveKey,
  SEALED_ARCHIVE_KEY_BYTES,
  sealArchiveKey,
  sealingDeviceOf,
} from '../../../src/crypto/sealed-archive-key.ts'
import { scriptedRandom } from './ops-b-sessions.ts'
import {
  asObject,
  bytesFrom,
  bytesOf,
  caseNamed,
  hexOf,
  type JsonObject,
  listOf,
  numberOf,
  type OpTable,
  textOf,
} from './types.ts'

function insistEqual(left: Uint8Array, right: Uint8Array): void {
  if (!equal(left, right)) throw new Error('what was sealed does not come back')
}

function archiveKeyOf(inputs: JsonObject) {
  return { epoch: numberOf(inputs, 'e'), key: bytesOf(inputs, 'AK_e') }
}

const archive: OpTable = {
  async archiveRow({ inputs }) {
    const place = { userId: bytesOf(inputs, 'userId'), msgId: bytesOf(inputs, 'msgId') }
    const content = { messageKey: bytesOf(inputs, 'mk'), bodyHash: bytesOf(inputs, 'bodyHash') }
    const row = await sealArchiveRow(archiveKeyOf(inputs), place, content, scriptedRandom(bytesOf(inputs, 'iv')))
    insistEqual((await openArchiveRow(archiveKeyOf(inputs), place, row)).messageKey, content.messageKey)
    return { row: hexOf(row) }
  },

  async archiveOpen({ inputs }) {
    const place = { userId: bytesOf(inputs, 'userId'), msgId: bytesOf(inputs, 'msgId') }
    const opened = await openArchiveRow(archiveKeyOf(inputs), place, bytesOf(inputs, 'row'))
    return { mk: hexOf(opened.messageKey), bodyHash: hexOf(opened.bodyHash) }
  },
}

/** What the person typed, from the bytes of the file: the text field could have been normalised by an editor. */
function typedPassphrase(inputs: JsonObject): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(inputs, 'passphraseUtf8'))
}

const backup: OpTable = {
  async passphraseSlot({ inputs }) {
    const cost = { memKiB: numberOf(inputs, 'memKiB'), passes: numberOf(inputs, 't') }
    const salt = bytesOf(inputs, 'salt')
    const output = stretchPassphrase(typedPassphrase(inputs), salt, cost)
    const userId = bytesOf(inputs, 'userId')
    const backupRoot = bytesOf(inputs, 'BRK')
    const content = { userId, backupRoot, random: scriptedRandom(bytesOf(inputs, 'iv')) }
    const made = await sealPassphraseSlot({ output, salt, cost }, content)
    if (cost.memKiB >= 65536) insistEqual(await openPassphraseSlot(made.slot, output, userId), backupRoot)
    return { slot: hexOf(made.slot), AUTH_P: hexOf(made.authToken), AUTH_P_hash: hexOf(made.authHash) }
  },

  async openSlot({ inputs }) {
    const slot = bytesOf(inputs, 'slot')
    const userId = bytesOf(inputs, 'userId')
    exactly(slot, 86, 'slot')
    if (parseSlotFront(slot).kind === 'code') {
      return { BRK: hexOf(await openCodeSlot(slot, bytesOf(inputs, 'code'), userId)) }
    }
    const { salt, cost } = readPassphraseFront(slot)
    const stretched = stretchPassphrase(typedPassphrase(inputs), salt, cost)
    return { BRK: hexOf(await openPassphraseSlot(slot, stretched, userId)) }
  },

  recoveryCodeText({ inputs }) {
    return { text: formatRecoveryCode(bytesOf(inputs, 'code')) }
  },

  readRecoveryCode({ inputs }) {
    return { code: hexOf(readRecoveryCode(textOf(inputs, 'text'))) }
  },

  async codeSlot({ inputs }) {
    const code = bytesOf(inputs, 'code')
    const userId = bytesOf(inputs, 'userId')
    const backupRoot = bytesOf(inputs, 'BRK')
    const random = scriptedRandom(bytesOf(inputs, 'iv'))
    const made = await sealCodeSlot(code, { userId, backupRoot, random })
    insistEqual(await openCodeSlot(made.slot, code, userId), backupRoot)
    return { slot: hexOf(made.slot), AUTH_R: hexOf(made.authToken), AUTH_R_hash: hexOf(made.authHash) }
  },

  async brkKeys({ inputs }) {
    const backupRoot = bytesOf(inputs, 'BRK')
    const userId = bytesOf(inputs, 'userId')
    const seed = bytesOf(inputs, 'UIK_seed')
    const wrapped = await wrapRootSeed(backupRoot, userId, seed, scriptedRandom(bytesOf(inputs, 'iv')))
    const unwrapped = await unwrapRootSeed(backupRoot, userId, wrapped)
    insistEqual(unwrapped, seed)
    const { publicKey } = deriveBackupKeyPair(backupRoot)
    return {
      wrappedUikSeed: hexOf(wrapped),
      UIK: hexOf(generateSigningKeyPair(unwrapped).publicKey),
      backupPublicKey: hexOf(publicKey),
      backupPkHash: hexOf(hashBackupKey(publicKey)),
    }
  },

  async unwrapUikSeed({ inputs }) {
    const wrapped = bytesOf(inputs, 'wrappedUikSeed')
    return { UIK_seed: hexOf(await unwrapRootSeed(bytesOf(inputs, 'BRK'), bytesOf(inputs, 'userId'), wrapped)) }
  },

  async accountState({ inputs }) {
    const place = { userId: bytesOf(inputs, 'userId'), version: numberOf(inputs, 'version') }
    const state = bytesOf(inputs, 'state')
    const sealed = await sealAccountState(archiveKeyOf(inputs), place, state, scriptedRandom(bytesOf(inputs, 'iv')))
    insistEqual(await openAccountState(archiveKeyOf(inputs), place, sealed), state)
    return { sealedState: hexOf(sealed) }
  },

  async openAccountState({ inputs }) {
    const place = { userId: bytesOf(inputs, 'userId'), version: numberOf(inputs, 'version') }
    return { state: hexOf(await openAccountState(archiveKeyOf(inputs), place, bytesOf(inputs, 'sealedState'))) }
  },
}

const sealedArchiveKeys: OpTable = {
  async sealArchiveKey({ inputs }) {
    const { publicKey, secretKey } = deriveBackupKeyPair(bytesOf(inputs, 'BRK'))
    const pair = generateSigningKeyPair(bytesOf(inputs, 'DSK_seed'))
    const address = { userId: bytesOf(inputs, 'userId'), deviceId: bytesOf(inputs, 'deviceId') }
    const device = { ...address, dskSecret: pair.secretKey as DeviceSecretKey }
    const key = archiveKeyOf(inputs)
    const record = await sealArchiveKey(device, publicKey, key, scriptedRandom(bytesOf(inputs, 'encapsulationSeed')))
    const opener = { ...address, dsk: pair.publicKey as DevicePublicKey }
    insistEqual((await openArchiveKey(opener, secretKey, key.epoch, record)).key, key.key)
    return { sealedAK: hexOf(record.subarray(0, SEALED_ARCHIVE_KEY_BYTES)), record: hexOf(record) }
  },

  async openArchiveKey({ inputs }) {
    const record = bytesOf(inputs, 'record')
    const { secretKey } = generateXwingKeyPair(bytesOf(inputs, 'xwingSeed'))
    const device = {
      userId: bytesOf(inputs, 'userId'),
      deviceId: sealingDeviceOf(record),
      dsk: bytesOf(inputs, 'DSK') as DevicePublicKey,
    }
    return { AK_e: hexOf((await openArchiveKey(device, secretKey, numberOf(inputs, 'e'), record)).key) }
  },
}

const linking: OpTable = {
  async link({ inputs }) {
    const role = numberOf(inputs, 'role') as LinkRole
    const drawn = [bytesOf(inputs, 'linkId'), bytesOf(inputs, 'epkD_secret'), bytesOf(inputs, 'secret')]
    const offer = createLinkOffer(role, scriptedRandom(...drawn))
    const scanned = readLinkCode(formatLinkCode(offer.code))
    const scanner = joinLink(scanned, scriptedRandom(bytesOf(inputs, 'epkS_secret')))
    const displayer = completeLink(offer, scanner.ephemeralKey)
    const newShows = role === 1
    const sides: { [side: string]: LinkChannel } = {
      new: newShows ? displayer : scanner.channel,
      old: newShows ? scanner.channel : displayer,
    }
    const frames: string[] = []
    for (const value of listOf(inputs, 'messages')) {
      const from = textOf(asObject(value), 'from')
      const to = from === 'new' ? 'old' : 'new'
      const message = bytesOf(asObject(value), 'message')
      const sealed = await sealLinkFrame(sides[from]!, message)
      const opened = await openLinkFrame(sides[to]!, sealed.frame)
      insistEqual(opened.message, message)
      parseLinkMessage(opened.message)
      sides[from] = sealed.channel
      sides[to] = opened.channel
      frames.push(hexOf(sealed.frame))
    }
    return {
      qr: hexOf(encodeLinkCode(offer.code)),
      qrText: formatLinkCode(offer.code),
      k1: hexOf(displayer.sendKey),
      k2: hexOf(scanner.channel.sendKey),
      frames,
    }
  },

  linkDeviceMessage({ inputs }) {
    const signing = generateSigningKeyPair(bytesOf(inputs, 'DSK_seed'))
    const device = {
      deviceId: bytesOf(inputs, 'deviceId'),
      dsk: signing.publicKey as DevicePublicKey,
      dik: generateDhKeyPair(bytesOf(inputs, 'DIK_secret')).publicKey as DeviceDhPublicKey,
    }
    const place = { userId: bytesOf(inputs, 'userId'), prev: bytesOf(inputs, 'prev') }
    const possession = signDevicePossession(signing.secretKey as DeviceSecretKey, { ...place, ...device })
    return { message: hexOf(encodeLinkDevice({ ...device, caps: numberOf(inputs, 'caps'), possession })) }
  },

  async linkOpen({ inputs }) {
    const channel = {
      linkId: bytesOf(inputs, 'linkId'),
      sendKey: new Uint8Array(32),
      receiveKey: bytesOf(inputs, 'key'),
      sendCounter: 0,
      receiveCounter: numberOf(inputs, 'expectedCounter'),
    }
    return { message: hexOf((await openLinkFrame(channel, bytesOf(inputs, 'frame'))).message) }
  },

  parseLinkQr({ inputs }) {
    const { role, linkId } = parseLinkCode(bytesOf(inputs, 'qr'))
    return { role, linkId: hexOf(linkId) }
  },
}

function attachmentPlace(inputs: JsonObject) {
  return { convId: bytesOf(inputs, 'convId'), attachmentId: bytesOf(inputs, 'attachmentId') }
}

const attachments: OpTable = {
  async attachment({ inputs }) {
    const keys = { fileKey: bytesOf(inputs, 'fileKey'), salt: bytesOf(inputs, 'salt') }
    const plaintext = bytesOf(inputs, 'plaintext')
    const file = await sealAttachment(attachmentPlace(inputs), keys, plaintext)
    insistEqual(await openAttachment(attachmentPlace(inputs), keys.fileKey, file), plaintext)
    return { file: hexOf(file), fileHash: hexOf(sha256(file)) }
  },

  async attachmentOpen({ inputs }) {
    const opened = await openAttachment(attachmentPlace(inputs), bytesOf(inputs, 'fileKey'), bytesOf(inputs, 'file'))
    return { plaintext: hexOf(opened) }
  },

  async attachmentRange({ inputs }, all) {
    const source = caseNamed(all, textOf(inputs, 'file'))
    const file = bytesFrom(textOf(source.outputs!, 'file'))
    const size = textOf(source.inputs, 'plaintext').length / 2
    const wanted = { offset: numberOf(inputs, 'offset'), length: numberOf(inputs, 'length') }
    const pointer = { fileKey: bytesOf(source.inputs, 'fileKey'), size }
    const read = async (start: number, end: number) => file.slice(start, end)
    const plaintext = await openAttachmentRange(attachmentPlace(source.inputs), pointer, wanted, read)
    return { plaintextHash: hexOf(sha256(plaintext)), ...locateRange(size, wanted.offset, wanted.length) }
  },

  padme({ inputs }) {
    return { padded: padmeLength(numberOf(inputs, 'length')) }
  },
}

/** Operations of archive, backup, sealed-archive-key, linking and attachments. */
export const storageOps: OpTable = { ...archive, ...backup, ...sealedArchiveKeys, ...linking, ...attachments }
