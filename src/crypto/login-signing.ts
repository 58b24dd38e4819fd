import type { DeviceSecretKey } from './key-types.ts'
import { sign } from './keys.ts'
import type { LoginChallenge } from './login.ts'
import { loginMessage } from './login.ts'

/** The device's answer to a login challenge, 64 bytes. */
export function signLogin(secretKey: DeviceSecretKey, challenge: LoginChallenge): Uint8Array {
  return sign(secretKey, 'auth', loginMessage(challenge))
}
