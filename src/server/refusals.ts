import { Refusal } from '../protocol/errors.ts'
import { toRefusal, toRefusalBody } from './errors.ts'
import { makeToken } from './ids.ts'
import { errorFields, type Log } from './log.ts'

/** The one place where an error becomes an answer. */
export function answerError(log: Log, { error, code }: { error: unknown; code: string | number }): Response {
  const refusal = explain(error, code)
  const requestId = makeToken().slice(0, 12)
  if (refusal.code === 'internal' || refusal.code === 'unavailable')
    log.error('request_failed', { requestId, ...errorFields(error) })
  return refuse(refusal, requestId)
}

export function refuse(refusal: Refusal, requestId: string = makeToken().slice(0, 12)): Response {
  const headers = new Headers()
  const { retryAfterMs } = refusal.options
  if (retryAfterMs) headers.set('retry-after', String(Math.ceil(retryAfterMs / 1_000)))
  return Response.json(toRefusalBody(refusal, requestId), { status: refusal.status, headers })
}

// Elysia has its own words for what never reached a handler.
function explain(error: unknown, code: string | number): Refusal {
  if (code === 'NOT_FOUND') return new Refusal('not_found')
  if (code === 'PARSE' || code === 'INVALID_COOKIE_SIGNATURE') return new Refusal('bad_request')
  if (isFailedComplaint(error)) return new Refusal('bad_request')
  if (code === 'VALIDATION') return new Refusal('bad_request', { detail: placeOf(error) })
  return toRefusal(error)
}

// Elysia puts what it found into a sentence of its own, and stumbles over {"toString": 1}, which has no text.
function isFailedComplaint(error: unknown): boolean {
  return error instanceof TypeError && /\bnew ValidationError\b/.test(error.stack ?? '')
}

/** Which field was wrong; never what was in it. */
function placeOf(error: unknown): string {
  const { type, valueError } = error as { type?: string; valueError?: { path?: string } }
  return `${type ?? 'body'}${valueError?.path ?? ''}`
}
