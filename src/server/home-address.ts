import { BlockList, isIP } from 'node:net'
import type { Config } from './config.ts'
import { listOwnNames } from './tls/names.ts'

const privateNetworks = new BlockList()
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
] as const)
  privateNetworks.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  privateNetworks.addSubnet(network, bits, 'ipv6')

const houseName = /^[^.]+$|\.(local|lan|home|internal|localdomain|home\.arpa|fritz\.box|ts\.net)$/

/**
 * Whether an address that a visitor used may be shown to the host as one of this home. A visitor writes any name into a request:
 * were it believed, the wizard would offer a stranger's domain for invite links. Behind a proxy the proxy knows its names.
 */
export function isHomeAddress(origin: string, { publicUrl, trustedProxies }: Config): boolean {
  if (origin === publicUrl?.origin || trustedProxies.length > 0) return true
  const host = new URL(origin).hostname.replace(/^\[|\]$/g, '')
  if (listOwnNames(publicUrl).includes(host)) return true
  const version = isIP(host)
  return version === 0 ? houseName.test(host) : privateNetworks.check(host, version === 4 ? 'ipv4' : 'ipv6')
}
