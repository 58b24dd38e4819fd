import { parseLink } from '../../src/client/invite-look.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { inviteAuth, inviteAuthHash, inviteMac } from '../../src/crypto/invite.ts'
import type { LogEntryBody, LogSigner } from '../../src/crypto/key-log.ts'
import { signDevicePossession, signLogEntry } from '../../src/crypto/key-log-signing.ts'
import { generateDhKeyPair, generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { signLogin } from '../../src/crypto/login-signing.ts'
import { makeKemPrekey, makeOneTimePrekeys, makeSignedPrekey } from '../../src/crypto/prekey-signing.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import type { Challenge, SignUp } from '../../src/protocol/accounts.ts'
import type { KemPrekey, PrekeyUpload, SignedPrekey } from '../../src/protocol/devices.ts'
import {
  type AccountId,
  type DeviceId,
  fromBase64Url,
  type InviteId,
  idFromBytes,
  idToBytes,
  toBase64Url,
} from '../../src/protocol/ids.ts'
import type { RunningApp } from './app.ts'

await sodiumReady

type Wire = { id: number; createdAt: number; publicKey: Uint8Array; signature: Uint8Array }
const toWire = ({ id, createdAt, publicKey, signature }: Wire): SignedPrekey & KemPrekey => ({
  ...{ id, createdAt },
  publicKey: toBase64Url(publicKey),
  signature: toBase64Url(signature),
})

/** Keys of one device, as its owner holds them. */
export class DeviceKeys {
  readonly dsk = generateSigningKeyPair<'device'>()
  readonly dik = generateDhKeyPair<'device'>()
  readonly deviceId = idFromBytes<DeviceId>(systemRandom(16))

  constructor(readonly accountId: AccountId) {}

  makePrekeys(now: number, { oneTime = 3, oneTimeKem = 1, firstId = 1 } = {}): PrekeyUpload {
    const owner = { userId: idToBytes(this.accountId), deviceId: idToBytes(this.deviceId) }
    const maker = { ...owner, dskSecret: this.dsk.secretKey }
    return {
      signed: toWire(makeSignedPrekey(maker, firstId, now)),
      lastResort: toWire(makeKemPrekey(maker, firstId, now)),
      oneTime: makeOneTimePrekeys(firstId, oneTime).map(({ id, publicKey }) => ({
        id,
        publicKey: toBase64Url(publicKey),
      })),
      oneTimeKem: Array.from({ length: oneTimeKem }, (_, at) => toWire(makeKemPrekey(maker, firstId + 1 + at, now))),
    }
  }
}

/** A link to an invite, as the host's app makes it. */
export class InviteLink {
  readonly secret = systemRandom(32)
  readonly inviteId = idFromBytes<InviteId>(systemRandom(16))

  get auth(): string {
    return toBase64Url(inviteAuth(this.secret))
  }

  upload(now: number, { uses = 1, role = 'member' as 'member' | 'host', days = 7 } = {}) {
    return {
      ...{ inviteId: this.inviteId, role, uses, expiresAt: now + days * 86_400_000 },
      authHash: toBase64Url(inviteAuthHash(this.secret)),
      card: toBase64Url(systemRandom(60)),
    }
  }
}

/** Somebody who makes an account with real keys and talks to the server over HTTP as a browser would. */
export class Newcomer {
  readonly accountId = idFromBytes<AccountId>(systemRandom(16))
  readonly root = generateSigningKeyPair<'root'>()
  readonly device = new DeviceKeys(this.accountId)
  readonly passphraseAuth = systemRandom(32)
  readonly codeAuth = systemRandom(32)
  readonly cookies = new Map<string, string>()
  #useq = 0
  #head: Uint8Array = new Uint8Array(32)

  constructor(
    readonly running: RunningApp,
    readonly signInName: string,
  ) {}

  get now(): number {
    return this.running.clock.now()
  }

  /** Signs the next entry of this person and remembers it as the newest. */
  signEntry(body: LogEntryBody, signer: LogSigner = { kind: 'root' }): Uint8Array {
    const entry = this.draftEntry(body, signer)
    this.#head = sha256(entry)
    this.#useq++
    return entry
  }

  draftEntry(body: LogEntryBody, signer: LogSigner = { kind: 'root' }): Uint8Array {
    const unsigned = {
      userId: idToBytes(this.accountId),
      useq: this.#useq,
      prev: this.#head,
      signer,
      time: this.now,
      body,
    }
    return signLogEntry(signer.kind === 'root' ? this.root.secretKey : this.device.dsk.secretKey, unsigned)
  }

  addOf(device: DeviceKeys): LogEntryBody {
    const named = {
      ...{ userId: idToBytes(this.accountId), deviceId: idToBytes(device.deviceId) },
      ...{ dsk: device.dsk.publicKey, dik: device.dik.publicKey, prev: this.#head },
    }
    return { type: 'device-add', ...named, caps: 0, possession: signDevicePossession(device.dsk.secretKey, named) }
  }

  makeSignUp(admission: SignUp['admission'], link?: InviteLink): SignUp {
    const uik = this.root.publicKey
    const genesis = this.signEntry({
      ...{ type: 'genesis', uik, backupPkHash: systemRandom(32) },
      inviteId: link ? idToBytes(link.inviteId) : new Uint8Array(16),
      inviteMac: link ? inviteMac(link.secret, idToBytes(this.accountId), uik) : new Uint8Array(32),
    })
    const deviceAdd = this.signEntry(this.addOf(this.device))
    return {
      ...{ admission, accountId: this.accountId, signInName: this.signInName },
      ...{ genesis: toBase64Url(genesis), deviceAdd: toBase64Url(deviceAdd) },
      prekeys: this.device.makePrekeys(this.now),
      passphraseSlot: makeSlot(1, this.passphraseAuth),
      recoverySlot: makeSlot(2, this.codeAuth),
      wrappedRootSeed: toBase64Url(systemRandom(60)),
      sealedArchiveKeys: [{ epoch: 1, record: toBase64Url(systemRandom(1248)) }],
      state: { version: 1, epoch: 1, sealed: toBase64Url(systemRandom(64)) },
    }
  }

  makeClaim(token: string): SignUp {
    return this.makeSignUp({ kind: 'claim', token, homeName: 'Zuhause' })
  }

  makeAcceptance(link: InviteLink): SignUp {
    return this.makeSignUp({ kind: 'invite', inviteId: link.inviteId, inviteAuth: link.auth }, link)
  }

  /** A request as the page of this origin makes it; cookies are kept as a browser keeps them. */
  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(this.running.origin + path, {
      method,
      headers: {
        origin: this.running.origin,
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value) this.cookies.set(name, value)
      else this.cookies.delete(name)
    }
    return response
  }

  async call(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
    const response = await this.request(method, path, body, headers)
    const text = await response.text()
    return { status: response.status, json: text ? JSON.parse(text) : null }
  }

  async signIn(device: DeviceKeys = this.device, origin = this.running.origin) {
    const challenge = (await this.call('POST', '/api/sessions/challenge')).json as Challenge
    return this.call('POST', '/api/sessions', this.answerChallenge(challenge, { device, origin }))
  }

  answerChallenge(challenge: Challenge, { device = this.device, origin = this.running.origin } = {}) {
    const signed = { origin, nonce: fromBase64Url(challenge.nonce)!, time: challenge.now }
    return {
      ...{ accountId: this.accountId, deviceId: device.deviceId, origin },
      ...{ nonce: challenge.nonce, time: challenge.now },
      signature: toBase64Url(signLogin(device.dsk.secretKey, signed)),
    }
  }
}

export function makeSlot(kind: 1 | 2, auth: Uint8Array) {
  const slot = new Uint8Array(86)
  const view = new DataView(slot.buffer)
  slot.set([kind, 1])
  if (kind === 1) {
    view.setUint32(2, 65_536)
    view.setUint32(6, 3)
    slot.set(systemRandom(16), 10)
  }
  slot.set(systemRandom(60), 26)
  return { slot: toBase64Url(slot), authHash: toBase64Url(sha256(auth)) }
}

/** The founder, signed in. */
export async function foundHome(running: RunningApp, name = 'oma'): Promise<Newcomer> {
  const founder = new Newcomer(running, name)
  const { status, json } = await founder.call('POST', '/api/accounts', founder.makeClaim(running.context.claim.value!))
  if (status !== 201) throw new Error(`founding was refused: ${JSON.stringify(json)}`)
  await founder.signIn()
  return founder
}

/** A member who came by an invite of the host, signed in. */
export async function inviteMember(host: Newcomer, name: string): Promise<Newcomer> {
  const link = new InviteLink()
  await host.call('POST', '/api/invites', link.upload(host.now))
  const member = new Newcomer(host.running, name)
  const { status, json } = await member.call('POST', '/api/accounts', member.makeAcceptance(link))
  if (status !== 201) throw new Error(`sign-up was refused: ${JSON.stringify(json)}`)
  await member.signIn()
  return member
}

/** Somebody without the software takes a link that it made. */
export async function joinByLink(running: RunningApp, text: string, name: string): Promise<Newcomer> {
  const { inviteId, inviteSecret } = parseLink(text)
  const link = Object.assign(new InviteLink(), { inviteId: idFromBytes(inviteId), secret: inviteSecret })
  const newcomer = new Newcomer(running, name)
  const { status, json } = await newcomer.call('POST', '/api/accounts', newcomer.makeAcceptance(link))
  if (status !== 201) throw new Error(`sign-up was refused: ${JSON.stringify(json)}`)
  await newcomer.signIn()
  return newcomer
}
