import { concat, exactly, fromBase32, toBase32 } from './bytes.ts'
import { insist } from './errors.ts'
import { sha256 } from './hash.ts'
import { labelled } from './label.ts'

/** Bytes of a recovery code. */
export const RECOVERY_CODE_BYTES = 32
/** Characters of its text: 52 and 4 to check them. */
export const RECOVERY_TEXT_LENGTH = 56

const CHECK_LENGTH = 4

function checkCharacters(code: Uint8Array): string {
  return toBase32(sha256(concat(labelled('recovery-check'), code))).slice(0, CHECK_LENGTH)
}

/**
 * The code as people keep it (PROTOCOL 4.8), 56 characters without separators:
 * ```
 * base32(code 32) 52 | first 4 characters of base32(H(L("recovery-check") || 00 || code))
 * ```
 */
export function formatRecoveryCode(code: Uint8Array): string {
  return toBase32(exactly(code, RECOVERY_CODE_BYTES, 'recovery code')) + checkCharacters(code)
}

/** The same text in groups of four, for paper: `AXS2-4PBU-...`. */
export function groupRecoveryCode(code: Uint8Array): string {
  return formatRecoveryCode(code).match(/.{4}/g)!.join('-')
}

/** Reads a typed code without regard to case, spaces and hyphens; a typing error is a DecryptionFailed. */
export function readRecoveryCode(text: string): Uint8Array {
  const typed = text.replace(/[\s-]/g, '').toUpperCase()
  insist(typed.length === RECOVERY_TEXT_LENGTH, 'recovery code: length')
  const code = fromBase32(typed.slice(0, -CHECK_LENGTH))
  insist(typed.slice(-CHECK_LENGTH) === checkCharacters(code), 'recovery code: check characters')
  return code
}
