import { Refusal } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import type { Context } from './context.ts'
import { isHomeAddress } from './home-address.ts'
import type { Peer } from './peer.ts'
import { answerError } from './refusals.ts'
import { isFromElsewhere, isFromOwnPage, notePeer, ownOrigin } from './request-info.ts'

const maxDepth = 16

type Handle = (request: Request) => Promise<Response>

/** Takes a body that is not JSON, and reads it by itself, piece by piece. */
const isRawBodyPath = (pathname: string) => pathname === '/api/setup/restore' || pathname.startsWith('/api/files/')

/** What every call has to pass before a feature sees it: where it comes from, and how much it brings. */
export function gateApi({ config, log, claim, seenAddresses }: Context, handle: Handle) {
  return async (request: Request, peer: Peer): Promise<Response> => {
    let response: Response
    try {
      if (!claim.isClaimed || peer.isSecure) noteAddress(request)
      if (!isReading(request) && !isFromOwnPage(request, config.publicUrl)) throw new Refusal('wrong_origin')
      const bounded = await boundBody(request)
      notePeer(bounded, peer)
      response = await handle(bounded)
    } catch (error) {
      response = answerError(log, { error, code: '' })
    }
    response.headers.set('cache-control', 'no-store')
    return response
  }

  function noteAddress(request: Request): void {
    const origin = isFromElsewhere(request) ? ownOrigin(request) : null
    if (origin && !seenAddresses.has(origin) && isHomeAddress(origin, config)) seenAddresses.note(origin)
  }
}

function isReading({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** The same request with a body that is JSON and not too long. */
async function boundBody(request: Request): Promise<Request> {
  if (isReading(request) || request.body === null || isRawBodyPath(new URL(request.url).pathname)) return request
  if (Number(request.headers.get('content-length') ?? 0) > limits.maxJsonBytes) throw new Refusal('too_large')
  const bytes = await readBounded(request.body, limits.maxJsonBytes)
  const isJson = /^application\/json\b/i.test(request.headers.get('content-type') ?? '')
  if (bytes.length > 0 && !isJson) throw new Refusal('bad_request', { detail: 'content type' })
  if (isNestedTooDeep(bytes)) throw new Refusal('bad_request', { detail: 'nesting' })
  const { method, headers } = request
  return new Request(request.url, { method, headers, body: bytes })
}

/**
 * Nothing here is nested deeper than a few levels. A megabyte of opening brackets would keep the parser and the validator busy for
 * seconds, and anybody could send it.
 */
function isNestedTooDeep(bytes: Uint8Array): boolean {
  let depth = 0
  let isInText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x22) isInText = !isInText
    else if (isInText && byte === 0x5c) at++
    else if (!isInText && (byte === 0x5b || byte === 0x7b)) depth++
    else if (!isInText && (byte === 0x5d || byte === 0x7d)) depth--
    if (depth > maxDepth) return true
  }
  return false
}

async function readBounded(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
    length += part.length
    if (length > maxBytes) throw new Refusal('too_large')
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}
