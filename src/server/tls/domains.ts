import { isIP } from 'node:net'

// Phones of the family trust this authority. So that nobody who steals the server's key can pretend to be their
// bank, the authority itself is limited to names that only exist at home (RFC 5280 4.2.1.10). Addresses stay
// unlimited: BoringSSL, and with it Bun, refuses every certificate under a limit on addresses.
const homeDomains = ['localhost', 'local', 'home.arpa', 'lan', 'home', 'internal']

/** The home's own domains, and whatever else this machine is called on the day the authority is made. */
export function permittedDomains(names: string[]): string[] {
  return [...homeDomains, ...names.filter((name) => !isPermitted(homeDomains, name))]
}

export function isPermitted(domains: string[], name: string): boolean {
  return isIP(name) > 0 || domains.some((domain) => name === domain || name.endsWith(`.${domain}`))
}
