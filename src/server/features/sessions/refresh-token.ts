import { createHmac, timingSafeEqual } from 'node:crypto'
import { type DeviceId, isId, type SessionId } from '../../../protocol/ids.ts'

/** One step in the life of a session: each refresh moves on to the next generation. */
export type RefreshToken = { sessionId: SessionId; deviceId: DeviceId; generation: number }

/** session.device.generation.mac: the server keeps the generation only, and can make the newest token again when an answer got lost. */
export function writeRefreshToken(key: Uint8Array, token: RefreshToken): string {
  const text = `${token.sessionId}.${token.deviceId}.${token.generation}`
  return `${text}.${macOf(key, text).toString('base64url')}`
}

/** Null for what this server never gave out. */
export function readRefreshToken(key: Uint8Array, text: string): RefreshToken | null {
  const parts = text.split('.')
  const [sessionId = '', deviceId = '', generation = '', mac = ''] = parts
  if (parts.length !== 4 || !isId(sessionId) || !isId(deviceId) || !/^\d{1,9}$/.test(generation)) return null
  const expected = macOf(key, `${sessionId}.${deviceId}.${generation}`)
  const offered = Buffer.from(mac, 'base64url')
  if (offered.length !== expected.length || !timingSafeEqual(offered, expected)) return null
  return { sessionId: sessionId as SessionId, deviceId: deviceId as DeviceId, generation: Number(generation) }
}

function macOf(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
