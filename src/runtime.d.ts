// What the three headless rooms may take from any JavaScript host (Bun, browser page, worker), and nothing else.
// The core compiler configuration has neither DOM nor Bun types; this file is its whole world.

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(input?: Uint8Array | ArrayBuffer): string
}
declare class AbortSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
}
declare class AbortController {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
}

interface CryptoKey {
  readonly algorithm: { readonly name: string }
  readonly extractable: boolean
  readonly type: string
  readonly usages: string[]
}
interface AesGcmParams {
  name: 'AES-GCM'
  iv: Uint8Array
  additionalData?: Uint8Array
  tagLength?: number
}
interface SubtleCrypto {
  importKey(
    format: 'raw',
    key: Uint8Array,
    algorithm: 'AES-GCM' | 'AES-CBC',
    extractable: boolean,
    usages: string[],
  ): Promise<CryptoKey>
  generateKey(algorithm: { name: 'AES-GCM'; length: 256 }, extractable: boolean, usages: string[]): Promise<CryptoKey>
  encrypt(
    algorithm: AesGcmParams | { name: 'AES-CBC'; iv: Uint8Array },
    key: CryptoKey,
    data: Uint8Array,
  ): Promise<ArrayBuffer>
  decrypt(
    algorithm: AesGcmParams | { name: 'AES-CBC'; iv: Uint8Array },
    key: CryptoKey,
    data: Uint8Array,
  ): Promise<ArrayBuffer>
}
declare const crypto: { readonly subtle: SubtleCrypto; getRandomValues<T extends Uint8Array>(array: T): T }

declare function setTimeout(handler: () => void, timeoutMs?: number): number
declare function clearTimeout(id: number | undefined): void
declare function queueMicrotask(callback: () => void): void
declare const console: { warn(...data: unknown[]): void; error(...data: unknown[]): void }
declare const performance: { now(): number }
