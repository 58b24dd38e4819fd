import { type OpenedBody, openDmBody, sealDmBody } from '../../../src/crypto/body.ts'
import type { BodyClass } from '../../../src/crypto/body-header.ts'
import type { BodyPlaintext } from '../../../src/crypto/body-plaintext.ts'
import { isZero } from '../../../src/crypto/bytes.ts'
import { DecryptionFailed } from '../../../src/crypto/errors.ts'
import { sha256 } from '../../../src/crypto/hash.ts'
import type { DevicePublicKey, DeviceSecretKey } from '../../../src/crypto/key-types.ts'
import { generateSigningKeyPair } from '../../../src/crypto/keys.ts'
import {
  type ChainClass,
  encodeContentKey,
  encodeSenderKey,
  parseContentKey,
  parseSenderKey,
} from '../../../src/crypto/packets.ts'
import {
  acceptSenderKey,
  createChain,
  openWithChain,
  type ReceivingChain,
  type SendingChain,
  sealWithChain,
  senderKeyOf,
} from '../../../src/crypto/sender-chain.ts'
import { scriptedRandom } from './ops-b-sessions.ts'
import {
  asObject,
  bytesOf,
  caseNamed,
  hexOf,
  type JsonObject,
  listOf,
  numberOf,
  type OpTable,
  objectOf,
  textOf,
} from './types.ts'

function address(object: JsonObject) {
  return { userId: bytesOf(object, 'userId'), deviceId: bytesOf(object, 'deviceId') }
}

function ownerOf(inputs: JsonObject) {
  const owner = objectOf(inputs, 'owner')
  return { ...address(owner), dsk: bytesOf(owner, 'DSK') as DevicePublicKey }
}

function plaintextOf(object: JsonObject): BodyPlaintext {
  return {
    contentType: numberOf(object, 'ctype'),
    senderUser: bytesOf(object, 'senderUser'),
    senderDevice: bytesOf(object, 'senderDevice'),
    sentAt: numberOf(object, 'sentAt'),
    sthSize: numberOf(object, 'sthSize'),
    sthRoot: bytesOf(object, 'sthRoot'),
    expirySeconds: numberOf(object, 'expirySeconds'),
    payload: bytesOf(object, 'payload'),
  }
}

function describePlaintext(plaintext: BodyPlaintext): JsonObject {
  return {
    ctype: plaintext.contentType,
    senderUser: hexOf(plaintext.senderUser),
    senderDevice: hexOf(plaintext.senderDevice),
    sentAt: plaintext.sentAt,
    sthSize: plaintext.sthSize,
    sthRoot: hexOf(plaintext.sthRoot),
    expirySeconds: plaintext.expirySeconds,
    payload: hexOf(plaintext.payload),
  }
}

function insistSame(opened: OpenedBody, plaintext: BodyPlaintext): void {
  if (JSON.stringify(describePlaintext(opened.plaintext)) !== JSON.stringify(describePlaintext(plaintext))) {
    throw new Error('opened something else than was sealed')
  }
}

const dm: OpTable = {
  async dmBody({ inputs }) {
    if (numberOf(inputs, 'mode') !== 1 || numberOf(inputs, 'epoch') !== 0 || !isZero(bytesOf(inputs, 'convHead'))) {
      throw new Error('not the header of a DM')
    }
    const fields = {
      class: numberOf(inputs, 'class') as BodyClass,
      isEphemeral: numberOf(inputs, 'flags') === 1,
      convId: bytesOf(inputs, 'convId'),
      msgId: bytesOf(inputs, 'msgId'),
    }
    const plaintext = plaintextOf(objectOf(inputs, 'plaintext'))
    const { body, contentKey } = await sealDmBody(bytesOf(inputs, 'mk'), fields, plaintext)
    const packet = encodeContentKey(contentKey)
    insistSame(await openDmBody(body, parseContentKey(packet), address(objectOf(inputs, 'sessionPeer'))), plaintext)
    return { body: hexOf(body), bodyHash: hexOf(contentKey.bodyHash), contentKeyPacket: hexOf(packet) }
  },

  async dmOpen({ inputs }) {
    const contentKey = parseContentKey(bytesOf(inputs, 'contentKeyPacket'))
    const opened = await openDmBody(bytesOf(inputs, 'body'), contentKey, address(objectOf(inputs, 'sessionPeer')))
    return { plaintext: describePlaintext(opened.plaintext) }
  },
}

/** A chain of the product at the iteration of the case: drawn as listed, with the key of that iteration put in. */
function chainAt(inputs: JsonObject, owner: JsonObject, klass: ChainClass): SendingChain {
  const drawn = [bytesOf(inputs, 'chainId'), bytesOf(inputs, 'CK'), bytesOf(inputs, 'chainSigning_seed')]
  const seed = owner['DSK_seed'] === undefined ? new Uint8Array(32) : bytesOf(owner, 'DSK_seed')
  const dskSecret = generateSigningKeyPair(seed).secretKey as DeviceSecretKey
  const place = {
    convId: bytesOf(inputs, 'convId'),
    epoch: numberOf(inputs, 'epoch'),
    convHead: bytesOf(inputs, 'convHead'),
    klass,
  }
  const chain = createChain({ ...address(owner), dskSecret }, place, { random: scriptedRandom(...drawn), now: 0 })
  return { ...chain, iteration: numberOf(inputs, 'iteration') }
}

function describeChain(chain: ReceivingChain): JsonObject {
  return {
    CK: hexOf(chain.chainKey),
    nextIteration: chain.nextIteration,
    skipped: chain.skipped.map((key) => ({ iteration: key.iteration, mk: hexOf(key.messageKey) })),
  }
}

async function isRefused(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => false,
    (error: unknown) => {
      if (error instanceof DecryptionFailed) return true
      throw error
    },
  )
}

const groups: OpTable = {
  skdm({ inputs }) {
    const chain = chainAt(inputs, objectOf(inputs, 'owner'), numberOf(inputs, 'klass') as ChainClass)
    return { skdm: hexOf(encodeSenderKey(senderKeyOf(chain))) }
  },

  acceptSkdm({ inputs }) {
    const chain = acceptSenderKey(ownerOf(inputs), parseSenderKey(bytesOf(inputs, 'skdm')))
    return { chainId: hexOf(chain.chainId) }
  },

  async groupBody({ inputs }) {
    const plaintext = plaintextOf(objectOf(inputs, 'plaintext'))
    const owner = objectOf(inputs, 'plaintext')
    const sender = { userId: textOf(owner, 'senderUser'), deviceId: textOf(owner, 'senderDevice') }
    const chain = chainAt(inputs, sender, numberOf(inputs, 'flags') as ChainClass)
    const fields = { class: numberOf(inputs, 'class') as BodyClass, msgId: bytesOf(inputs, 'msgId') }
    const { body } = await sealWithChain(chain, fields, plaintext)
    const dsk = generateSigningKeyPair(new Uint8Array(32)).publicKey as DevicePublicKey
    const receiving = acceptSenderKey({ ...address(sender), dsk }, senderKeyOf(chain))
    insistSame(await openWithChain(receiving, body, 0), plaintext)
    return { body: hexOf(body), bodyHash: hexOf(sha256(body)) }
  },

  async groupReceive({ inputs, intermediates }, all) {
    let chain = acceptSenderKey(ownerOf(inputs), parseSenderKey(bytesOf(inputs, 'skdm')))
    const steps: JsonObject[] = []
    for (const [index, value] of listOf(inputs, 'steps').entries()) {
      const step = asObject(value)
      const body = bytesOf(caseNamed(all, textOf(step, 'body')).outputs!, 'body')
      const before = JSON.stringify(describeChain(chain))
      if (step['mustFail'] === true) {
        if (!(await isRefused(openWithChain(chain, body, 0)))) throw new Error(`step ${index} must be refused`)
        if (JSON.stringify(describeChain(chain)) !== before) throw new Error(`step ${index} changed the state`)
        steps.push({})
        continue
      }
      const opened = await openWithChain(chain, body, 0)
      chain = opened.chain
      steps.push({ plaintext: describePlaintext(opened.plaintext) })
      const expected = objectOf(asObject(listOf(intermediates!, 'steps')[index]), 'state')
      if (JSON.stringify(describeChain(chain)) !== JSON.stringify(expected))
        throw new Error(`state after step ${index}`)
    }
    return { steps, finalState: describeChain(chain) }
  },

  async groupOpen({ inputs }) {
    const chain = acceptSenderKey(ownerOf(inputs), parseSenderKey(bytesOf(inputs, 'skdm')))
    const { plaintext } = await openWithChain(chain, bytesOf(inputs, 'body'), 0)
    return { plaintext: describePlaintext(plaintext) }
  },
}

/** Operations of dm.json and sender-chain.json. */
export const bodyOps: OpTable = { ...dm, ...groups }
