import { ClientFailure } from '../../../src/client/api.ts'
import { isRefusalCode } from '../../../src/protocol/errors.ts'
import { claimTokenHeader, type RestoreUpload } from '../../../src/protocol/setup.ts'

export type Upload = {
  file: Blob
  claimToken: string
  progress(doneBytes: number): void
  signal: AbortSignal
}

/** Sends a backup to the home. XMLHttpRequest, because fetch does not tell how far an upload is. Rejects with ClientFailure; when cancelled, with an AbortError. */
export function uploadBackup({ file, claimToken, progress, signal }: Upload): Promise<RestoreUpload> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/api/setup/restore')
    request.setRequestHeader(claimTokenHeader, claimToken)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded }) => progress(loaded)
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.response as RestoreUpload)
      else reject(failureOf(request.response))
    }
    request.onerror = () => reject(new ClientFailure('offline'))
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(file)
  })
}

function failureOf(answer: unknown): ClientFailure {
  const { error, retryAfterMs, detail } = (answer ?? {}) as {
    error?: unknown
    retryAfterMs?: unknown
    detail?: unknown
  }
  const code = typeof error === 'string' && isRefusalCode(error) ? error : 'internal'
  return new ClientFailure(code, Number(retryAfterMs) || 0, String(detail ?? ''))
}
