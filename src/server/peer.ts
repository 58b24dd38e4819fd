import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** Who is at the other end, as far as this server can know. */
export interface Peer {
  address: string
  /** Whether the person's browser speaks HTTPS, to us or to the proxy before us. */
  isSecure: boolean
}

// ::ffff:192.0.2.1 is how a dual-stack socket shows an IPv4 neighbour.
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

export function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(plainAddress(address))
}

export function isLoopbackHost(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host)
}

export function trustProxies(networks: string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address) => {
    const plain = plainAddress(address)
    if (!isIPv4(plain) && !isIPv6(plain)) return false
    return list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')
  }
}

// Read from the right: everything left of the first address that is no proxy of ours may be invented by the visitor.
export function forwardedAddress(
  header: string | null,
  direct: string,
  isTrusted: (address: string) => boolean,
): string {
  const chain = [...(header?.split(',') ?? []), direct].map((entry) => plainAddress(entry.trim()))
  let address = plainAddress(direct)
  for (const entry of chain.reverse()) {
    if (!isIPv4(entry) && !isIPv6(entry)) return address
    address = entry
    if (!isTrusted(entry)) return address
  }
  return address
}
