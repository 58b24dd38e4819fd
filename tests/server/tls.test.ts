import { afterEach, describe, expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { Elysia } from 'elysia'
import { type Config, readConfig } from '../../src/server/config.ts'
import { type Listenable, type Listening, listen, PortError } from '../../src/server/listen.ts'
import type { Peer } from '../../src/server/peer.ts'
import { createAuthority, issueLeaf } from '../../src/server/tls/authority.ts'
import { openCertificates } from '../../src/server/tls/certificates.ts'

const dayMs = 86_400_000
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tv-tls-'))
  cleanups.push(() => rm(folder, { recursive: true }))
  return folder
}

function echoApp(): Listenable<{ address: string }> {
  const http = new Elysia().get('/health', () => ({ ok: true })).get('/hello', () => 'hello')
  return {
    async handleHttp(request, peer) {
      const response = await http.handle(request)
      response.headers.set('x-peer', JSON.stringify(peer))
      return response
    },
    upgrade: (request, server, peer) => server.upgrade(request, { data: { address: peer.address } }),
    websocket: {
      message(socket, text) {
        socket.send(`${socket.data.address} ${text}`)
      },
    },
  }
}

async function start(overrides: Partial<Config> = {}): Promise<Listening> {
  const config = {
    ...readConfig({}),
    dataFolder: await newFolder(),
    host: '127.0.0.1',
    httpPort: 0,
    httpsPort: 0,
    ...overrides,
  }
  const listening = await listen(echoApp(), config)
  cleanups.push(async () => listening[Symbol.asyncDispose]())
  return listening
}

function visit(listening: Listening, host: string, path = '/hello', headers: Record<string, string> = {}) {
  return fetch(`http://127.0.0.1:${listening.httpPort}${path}`, { headers: { host, ...headers }, redirect: 'manual' })
}

function peerOf(response: Response): Peer {
  return JSON.parse(response.headers.get('x-peer')!)
}

async function openSocket(url: string, ca?: string): Promise<{ ask(text: string): Promise<string>; close(): void }> {
  const socket = new WebSocket(url, (ca ? { tls: { ca } } : {}) as never)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = reject
  })
  const ask = (text: string) =>
    new Promise<string>((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(String(data))
      socket.onclose = () => reject(new Error('closed'))
      socket.send(text)
    })
  return { ask, close: () => socket.close() }
}

/** The serial number that a new visitor meets, when the home's authority vouches for it. */
function meetCertificate(
  port: number,
  ca: string,
  servername: string,
): Promise<{ serial: string; authorized: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, ca, rejectUnauthorized: false }, () => {
      resolve({ serial: socket.getPeerCertificate().serialNumber, authorized: socket.authorized })
      socket.end()
    })
    socket.on('error', reject)
  })
}

describe('certificates of the home', () => {
  const names = ['localhost', 'nas.local', '192.168.1.20', '127.0.0.1']

  test('keys are readable by their owner only', async () => {
    const folder = join(await newFolder(), 'tls')
    await openCertificates(folder, names, Date.now())
    for (const file of ['authority.key', 'server.key'])
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
  })

  test('a second start keeps both certificates', async () => {
    const folder = await newFolder()
    const first = await openCertificates(folder, names, Date.now())
    expect(await openCertificates(folder, names, Date.now())).toEqual(first)
  })

  test('the leaf is renewed 30 days before it runs out, under the same authority', async () => {
    const folder = await newFolder()
    const now = Date.now()
    const first = await openCertificates(folder, names, now)
    const endsAt = new X509Certificate(first.leaf.certificate).validToDate.getTime()
    expect((await openCertificates(folder, names, endsAt - 31 * dayMs)).leaf).toEqual(first.leaf)
    const renewed = await openCertificates(folder, names, endsAt - 29 * dayMs)
    expect(renewed.authority).toEqual(first.authority)
    expect(renewed.leaf).not.toEqual(first.leaf)
  })

  test('a new address of this machine gets into the leaf; one that went away changes nothing', async () => {
    const folder = await newFolder()
    const first = await openCertificates(folder, names, Date.now())
    const moved = await openCertificates(folder, [...names, '10.0.0.7'], Date.now())
    expect(new X509Certificate(moved.leaf.certificate).checkIP('10.0.0.7')).toBe('10.0.0.7')
    expect(moved.leaf).not.toEqual(first.leaf)
    expect((await openCertificates(folder, names, Date.now())).leaf).toEqual(moved.leaf)
  })

  test('a name outside the home, learned later, is left out instead of breaking the leaf', async () => {
    const folder = await newFolder()
    const first = await openCertificates(folder, names, Date.now())
    expect((await openCertificates(folder, [...names, 'bank.example'], Date.now())).leaf).toEqual(first.leaf)
  })

  test('a stolen authority cannot vouch for the outside world', async () => {
    const authority = await createAuthority(names, Date.now())
    const forged = await issueLeaf(authority, ['bank.example', 'nas.local'], Date.now())
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      tls: { cert: forged.certificate, key: forged.secretKey },
      fetch: () => new Response(),
    })
    cleanups.push(() => server.stop(true))
    expect((await meetCertificate(server.port!, authority.certificate, 'bank.example')).authorized).toBe(false)

    const honest = await issueLeaf(authority, ['nas.local'], Date.now())
    const other = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      tls: { cert: honest.certificate, key: honest.secretKey },
      fetch: () => new Response(),
    })
    cleanups.push(() => other.stop(true))
    expect((await meetCertificate(other.port!, authority.certificate, 'nas.local')).authorized).toBe(true)
  })
})

describe('HTTPS', () => {
  test('serves the app and its sockets to whoever trusts the authority', async () => {
    const listening = await start()
    const ca = listening.certificates!.authority.certificate
    const response = await fetch(`https://localhost:${listening.httpsPort}/hello`, { tls: { ca } })
    expect(await response.text()).toBe('hello')
    expect(peerOf(response)).toEqual({ address: '127.0.0.1', isSecure: true })
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const socket = await openSocket(`wss://localhost:${listening.httpsPort}/api/socket`, ca)
    expect(await socket.ask('hi')).toBe('127.0.0.1 hi')
    socket.close()
  })

  test('a new certificate reaches new visitors while an open socket stays', async () => {
    const listening = await start()
    const ca = listening.certificates!.authority.certificate
    const port = listening.httpsPort!
    const before = await meetCertificate(port, ca, 'localhost')
    const socket = await openSocket(`wss://localhost:${port}/api/socket`, ca)
    expect(await socket.ask('one')).toEndWith('one')

    expect(await listening.renewCertificates()).toBe(false)
    expect(await listening.renewCertificates(Date.now() + 380 * dayMs)).toBe(true)
    expect(listening.httpsPort).toBe(port)
    for (let visitor = 0; visitor < 20; visitor++) {
      const after = await meetCertificate(port, ca, 'localhost')
      expect(after.serial).not.toBe(before.serial)
    }
    expect(await socket.ask('two')).toEndWith('two')
    socket.close()
  })

  test('a port that another program has is named in one sentence', async () => {
    const other = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
    cleanups.push(() => other.stop(true))
    const taken = other.port!
    await expect(start({ httpsPort: taken })).rejects.toThrow(`Port ${taken} is already in use`)
    await expect(start({ httpPort: taken })).rejects.toBeInstanceOf(PortError)
  })

  test('two homes never share one port', async () => {
    const first = await start()
    await expect(start({ httpsPort: first.httpsPort! })).rejects.toThrow('already in use')
    await expect(start({ httpPort: first.httpPort })).rejects.toThrow('already in use')
  })
})

describe('plain HTTP', () => {
  test('is the app for this machine', async () => {
    const listening = await start()
    for (const host of ['localhost', '127.0.0.1', `localhost:${listening.httpPort}`, '[::1]:8080']) {
      expect(await (await visit(listening, host)).text()).toBe('hello')
    }
    const socket = await openSocket(`ws://127.0.0.1:${listening.httpPort}/api/socket`)
    expect(await socket.ask('hi')).toBe('127.0.0.1 hi')
    socket.close()
  })

  test('is one explaining page under any other name, with a link to the secure address', async () => {
    const listening = await start()
    const response = await visit(listening, 'nas.local:8080')
    expect(response.headers.get('content-type')).toStartWith('text/html')
    expect(response.headers.get('content-security-policy')).toStartWith("default-src 'none'")
    const page = await response.text()
    expect(page).toContain(`https://nas.local:${listening.httpsPort}/`)
    for (const platform of ['iPhone', 'Android', 'Windows', 'macOS', 'Linux']) expect(page).toContain(platform)
    expect(page).not.toContain('hello')
  })

  test('gives nothing of the app to a stranger, but /health', async () => {
    const listening = await start()
    expect((await visit(listening, 'nas.local', '/api/anything')).status).toBe(403)
    expect(await (await visit(listening, 'nas.local', '/health')).json()).toEqual({ ok: true })
    const attempt = new WebSocket(`ws://127.0.0.1:${listening.httpPort}/api/socket`, {
      headers: { host: 'nas.local' },
    } as never)
    const outcome = await new Promise((resolve) => {
      attempt.onopen = () => resolve('open')
      attempt.onerror = () => resolve('refused')
    })
    expect(outcome).toBe('refused')
  })

  test('never puts a made-up Host into the page', async () => {
    const listening = await start()
    for (const host of ['"><script>alert(1)</script>', "nas'onload='x"]) {
      const page = await (await visit(listening, host)).text()
      expect(page).not.toContain('<script')
      expect(page).not.toContain('onload')
    }
  })

  test('hands out the certificate and the Apple profile', async () => {
    const listening = await start()
    const certificate = await visit(listening, 'nas.local', '/trallivalli-ca.crt')
    expect(certificate.headers.get('content-type')).toBe('application/x-x509-ca-cert')
    const authority = new X509Certificate(Buffer.from(await certificate.arrayBuffer()))
    expect(authority.ca).toBe(true)
    const profile = await visit(listening, 'nas.local', '/trallivalli-ca.mobileconfig')
    expect(profile.headers.get('content-type')).toBe('application/x-apple-aspen-config')
    expect((await profile.text()).replace(/\s/g, '')).toContain(authority.raw.toString('base64'))
  })

  test('behind a trusted proxy is the app, and the visitor is who the proxy says', async () => {
    const listening = await start({ publicUrl: new URL('https://chat.example.org'), trustedProxies: ['127.0.0.1'] })
    const headers = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9', 'x-forwarded-proto': 'https' }
    const response = await visit(listening, 'chat.example.org', '/hello', headers)
    expect(await response.text()).toBe('hello')
    expect(peerOf(response)).toEqual({ address: '203.0.113.9', isSecure: true })
  })

  test('an untrusted neighbour cannot choose its address', async () => {
    const listening = await start({ publicUrl: new URL('https://chat.example.org'), trustedProxies: ['10.9.9.9'] })
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' }
    const asLocal = await visit(listening, 'localhost', '/hello', headers)
    expect(peerOf(asLocal)).toEqual({ address: '127.0.0.1', isSecure: false })
    const asOther = await visit(listening, 'chat.example.org', '/hello', headers)
    expect(await asOther.text()).toContain('https://chat.example.org/')
  })
})
