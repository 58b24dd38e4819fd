import { sealGroupBody } from '../../src/crypto/body.ts'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import { idToBytes } from '../../src/protocol/ids.ts'
import { clientFrames } from '../../src/protocol/socket.ts'
import type { Seat } from './prepared-home.ts'

/** Bodies as a group's sender makes them, sealed and signed: the server is measured, not the sealing. */
export async function sealBodies(seat: Seat, count: number, plaintextBytes = 300): Promise<Uint8Array[]> {
  await sodiumReady
  const chain = generateSigningKeyPair<'chain'>()
  const chainId = systemRandom(16)
  const bodies: Uint8Array[] = []
  for (let iteration = 0; iteration < count; iteration++) {
    const fields = {
      ...{ class: 0 as const, isEphemeral: false, epoch: seat.epoch, convHead: seat.head, chainId, iteration },
      ...{ convId: idToBytes(seat.conversationId), msgId: systemRandom(16) },
    }
    const plaintext = {
      ...{ contentType: 1, sentAt: Date.now(), sthSize: 1, sthRoot: new Uint8Array(32), expirySeconds: 0 },
      ...{ senderUser: idToBytes(seat.accountId), senderDevice: idToBytes(seat.deviceId) },
      payload: systemRandom(plaintextBytes),
    }
    bodies.push(await sealGroupBody(systemRandom(32), fields, plaintext, chain.secretKey))
  }
  return bodies
}

/** The frames that post these bodies, each with the archive row its sender keeps; request ids count from 0. */
export function postFrames(seat: Seat, bodies: readonly Uint8Array[]): Uint8Array[] {
  return bodies.map((body, requestId) =>
    clientFrames.encode({
      ...{ type: 'post', requestId, conversationId: seat.conversationId, body, envelopes: [] },
      archive: { epoch: 1, row: systemRandom(92) },
    }),
  )
}
