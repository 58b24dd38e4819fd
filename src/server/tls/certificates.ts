import { X509Certificate } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { writeDurably } from '../durable-file.ts'
import type { KeyedCertificate } from './authority.ts'
import { isPermitted, permittedDomains } from './domains.ts'

const dayMs = 86_400_000
const renewBeforeMs = 30 * dayMs

export interface HomeCertificates {
  authority: KeyedCertificate
  leaf: KeyedCertificate
}

/** Opens DATA/tls, makes what is missing and renews what is due. */
export async function openCertificates(folder: string, names: string[], nowMs: number): Promise<HomeCertificates> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const authority = (await readPair(folder, 'authority')) ?? (await makeAuthority(folder, names, nowMs))
  const usable = await keepPermitted(folder, names)
  const stored = await readPair(folder, 'server')
  if (stored && !isDue(stored, authority, usable, nowMs)) return { authority, leaf: stored }
  return { authority, leaf: await makeLeaf(folder, authority, usable, nowMs) }
}

// The certificate library takes its time to load, and most starts need nothing new: it is loaded when it is needed.
// It wants reflect-metadata before it, and in the compiled program only two steps keep that order.
async function loadAuthority(): Promise<typeof import('./authority.ts')> {
  await import('reflect-metadata')
  return import('./authority.ts')
}

async function makeAuthority(folder: string, names: string[], nowMs: number): Promise<KeyedCertificate> {
  const { createAuthority } = await loadAuthority()
  const authority = await createAuthority(names, nowMs)
  await writeDurably(join(folder, 'domains.json'), JSON.stringify(permittedDomains(names)))
  return writePair(folder, 'authority', authority)
}

async function keepPermitted(folder: string, names: string[]): Promise<string[]> {
  const file = Bun.file(join(folder, 'domains.json'))
  const domains: string[] = (await file.exists()) ? await file.json() : permittedDomains([])
  return names.filter((name) => isPermitted(domains, name))
}

async function makeLeaf(
  folder: string,
  authority: KeyedCertificate,
  names: string[],
  nowMs: number,
): Promise<KeyedCertificate> {
  const { issueLeaf } = await loadAuthority()
  return writePair(folder, 'server', await issueLeaf(authority, names, nowMs))
}

/** Due when it runs out within 30 days, is of another authority, or lacks a name that this machine now has. */
export function isDue(leaf: KeyedCertificate, authority: KeyedCertificate, names: string[], nowMs: number): boolean {
  const certificate = new X509Certificate(leaf.certificate)
  const issuer = new X509Certificate(authority.certificate)
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return true
  if (certificate.validToDate.getTime() - nowMs < renewBeforeMs) return true
  return names.some((name) => !isCovered(certificate, name))
}

function isCovered(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined
}

async function readPair(folder: string, name: string): Promise<KeyedCertificate | null> {
  const certificate = Bun.file(join(folder, `${name}.crt`))
  const secretKey = Bun.file(join(folder, `${name}.key`))
  if (!(await certificate.exists()) || !(await secretKey.exists())) return null
  return { certificate: await certificate.text(), secretKey: await secretKey.text() }
}

async function writePair(folder: string, name: string, pair: KeyedCertificate): Promise<KeyedCertificate> {
  await writeDurably(join(folder, `${name}.key`), pair.secretKey)
  await writeDurably(join(folder, `${name}.crt`), pair.certificate)
  return pair
}

export function fingerprint(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256
}
