import encodeQR from 'qr'
import type { Config } from '../server/config.ts'
import type { Listening } from '../server/listen.ts'
import { fingerprint } from '../server/tls/certificates.ts'
import { listOwnAddresses } from '../server/tls/names.ts'

export interface Addresses {
  /** For the browser on this machine. */
  here: string
  /** For the phones; null when no other machine can come in. */
  elsewhere: string | null
  /** The page that explains the one-time warning. */
  explanation: string | null
}

export function listAddresses(
  config: Config,
  { httpPort, httpsPort }: Pick<Listening, 'httpPort' | 'httpsPort'>,
): Addresses {
  const here = `http://localhost:${httpPort}/`
  if (config.publicUrl) return { here, elsewhere: config.publicUrl.href, explanation: null }
  const address = isAnyAddress(config.host) ? listOwnAddresses()[0] : config.host
  if (!address || httpsPort === null || address === '127.0.0.1' || address === '::1')
    return { here, elsewhere: null, explanation: null }
  const host = address.includes(':') ? `[${address}]` : address
  const port = httpsPort === 443 ? '' : `:${httpsPort}`
  return { here, elsewhere: `https://${host}${port}/`, explanation: `http://${host}:${httpPort}/` }
}

function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** The token travels in the fragment, which no browser sends to any server. */
export function withClaim(url: string, claimToken: string | null): string {
  return claimToken === null ? url : `${url}setup#${claimToken}`
}

export function printWelcome(config: Config, listening: Listening, claimToken: string | null): void {
  const { here, elsewhere, explanation } = listAddresses(config, listening)
  const lines = [
    '',
    claimToken === null
      ? 'TralliValli is running.'
      : 'TralliValli is running and waits for its host: open one of these links.',
    '',
    `  On this computer   ${withClaim(here, claimToken)}`,
  ]
  if (elsewhere) lines.push(`  On other devices   ${withClaim(elsewhere, claimToken)}`)
  if (explanation) lines.push('', `  Browsers warn once about a home's own certificate; ${explanation} explains it.`)
  if (explanation && listening.certificates)
    lines.push(`  Its fingerprint: ${fingerprint(listening.certificates.authority.certificate)}`)
  if (elsewhere && process.stdout.isTTY) lines.push('', encodeQR(withClaim(elsewhere, claimToken), 'ascii'))
  lines.push('', `  Everything is kept in ${config.dataFolder}`, '')
  console.log(lines.join('\n'))
}
