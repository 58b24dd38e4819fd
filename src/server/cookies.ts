import { peerOf } from './request-info.ts'

export type CookieName = 'tv_access' | 'tv_refresh'

// The refresh token travels to the calls that need it and to no other.
const paths: Record<CookieName, string> = { tv_access: '/api', tv_refresh: '/api/sessions' }

export function readCookie(request: Request, name: CookieName): string | null {
  for (const part of (request.headers.get('cookie') ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return null
}

/** A Set-Cookie line that no script can read and no other site can use. Plain HTTP exists on loopback only, and there without Secure. */
export function writeCookie(
  request: Request,
  name: CookieName,
  { value, maxAgeMs }: { value: string; maxAgeMs: number },
) {
  const secure = peerOf(request).isSecure ? '; Secure' : ''
  const age = Math.floor(maxAgeMs / 1_000)
  return `${name}=${value}; Path=${paths[name]}; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`
}

export function clearCookies(request: Request): string[] {
  const gone = { value: '', maxAgeMs: 0 }
  return [writeCookie(request, 'tv_access', gone), writeCookie(request, 'tv_refresh', gone)]
}
