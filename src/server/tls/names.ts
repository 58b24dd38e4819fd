import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { plainAddress } from '../peer.ts'

/** Every lasting name and address under which this machine may be opened, in a stable order. */
export function listOwnNames(publicUrl: URL | null): string[] {
  const own = hostname().toLowerCase()
  const short = own.split('.')[0]!
  const names = ['localhost', own, short, `${short}.local`, '127.0.0.1', '::1', ...listOwnAddresses()]
  if (publicUrl) names.push(publicUrl.hostname.replace(/^\[|\]$/g, ''))
  return [...new Set(names.filter(isNameOrAddress))]
}

export function listOwnAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  const usable = all.filter(
    ({ internal, address, family }) => !internal && !(family === 'IPv6' && /^fe80/i.test(address)),
  )
  return usable.map(({ address }) => plainAddress(address)).sort((a, b) => isIP(a) - isIP(b) || a.localeCompare(b))
}

function isNameOrAddress(name: string): boolean {
  return isIP(name) > 0 || /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name)
}
