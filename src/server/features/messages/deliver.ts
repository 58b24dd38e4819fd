import type { ConversationId, DeviceId } from '../../../protocol/ids.ts'
import { serverFrames } from '../../../protocol/socket.ts'
import type { Hub } from '../../hub.ts'
import type { Accepted, StoredEnvelope } from './post.ts'

export interface Delivery {
  conversationId: ConversationId
  body: Uint8Array
  accepted: Accepted
  /** The device that has the body already; null when a body came back after a restore. */
  exceptDeviceId?: DeviceId
}

/** Keys first, then the body they open. One encoding serves all receivers of the body. */
export function deliverPost(hub: Hub, { conversationId, body, accepted, exceptDeviceId }: Delivery): void {
  deliverEnvelopes(hub, accepted.envelopes)
  const { seq, receivedAt } = accepted
  const frame = serverFrames.encode({ type: 'message', conversationId, seq, receivedAt, body })
  for (const accountId of accepted.members) hub.sendToAccount(accountId, frame, exceptDeviceId)
}

export function deliverEnvelopes(hub: Hub, envelopes: readonly StoredEnvelope[]): void {
  for (const { deviceId, envelopeId, frame } of envelopes) {
    if (!hub.isOnline(deviceId)) continue
    hub.sendToDevice(deviceId, serverFrames.encode({ type: 'envelopes', items: [{ envelopeId, frame }] }), envelopeId)
  }
}
