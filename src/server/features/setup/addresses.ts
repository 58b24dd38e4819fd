import type { AddressView } from '../../../protocol/setup.ts'
import type { Config } from '../../config.ts'
import type { Context } from '../../context.ts'
import { isLoopback, isLoopbackHost } from '../../peer.ts'
import { ownOrigin } from '../../request-info.ts'
import { listOwnAddresses } from '../../tls/names.ts'

/** By which addresses this home can be reached, best first; those that some phone has used come with a tick. */
export function listAddresses({ config, seenAddresses }: Context, request: Request): AddressView[] {
  const own = ownOrigin(request)
  const origins = [
    config.publicUrl?.origin,
    ...seenAddresses.list(),
    ...(config.httpsPort ? reachable(config).map((address) => toOrigin(address, config.httpsPort!)) : []),
    own,
  ]
  const views = [...new Set(origins)].filter((origin) => typeof origin === 'string')
  return views.map((url) => describe(url, config.publicUrl, seenAddresses.has(url))).sort(byWorth)
}

// Bound to one address, it answers at no other.
function reachable({ host }: Config): string[] {
  const isAny = host === '0.0.0.0' || host === '::'
  return isAny ? listOwnAddresses() : isLoopback(host) ? [] : [host]
}

function toOrigin(address: string, port: number): string {
  return new URL(`https://${address.includes(':') ? `[${address}]` : address}:${port}`).origin
}

function describe(url: string, publicUrl: URL | null, wasSeen: boolean): AddressView {
  const { host, protocol } = new URL(url)
  const isPublic = url === publicUrl?.origin
  const kind = isLoopbackHost(host) ? 'loopback' : isPublic ? 'public' : 'private'
  // Certificates of our own need a step on each phone; the name the host gave is served by somebody who has a real one.
  return { url, kind, isTrusted: isPublic && protocol === 'https:', wasSeen }
}

const worth = { public: 0, private: 1, loopback: 2 } as const

function byWorth(a: AddressView, b: AddressView): number {
  return worth[a.kind] - worth[b.kind] || Number(b.wasSeen) - Number(a.wasSeen)
}
