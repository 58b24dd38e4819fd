import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { readConfig } from '../../src/server/config.ts'
import { type Listening, listen } from '../../src/server/listen.ts'

const caddy = Bun.which('caddy')
if (!caddy) console.warn('!!! SKIPPED: caddy is missing, so the Caddyfile is not tested (apt-get install caddy)')

function freePort(): number {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const port = server.port!
  server.stop(true)
  return port
}

describe.skipIf(!caddy)('the Caddyfile', () => {
  const port = freePort()
  const site = `https://localhost:${port}`
  let folder: string
  let listening: Listening
  let proxy: Bun.Subprocess
  /** Every request as the app behind the proxy was given it. */
  const seen: { path: string; isSecure: boolean; host: string | null }[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tv-caddy-'))
    const flags = { data: folder, host: '127.0.0.1', port: '0', tls: 'off', 'public-url': site }
    listening = await listen(
      {
        handleHttp: async (request, peer) => {
          const host = request.headers.get('host')
          const path = new URL(request.url).pathname
          seen.push({ path, isSecure: peer.isSecure, host })
          await request.arrayBuffer().catch(() => null)
          return Response.json({ peer, host }, { headers: { 'x-path': path } })
        },
        upgrade: (request, server, peer) => server.upgrade(request, { data: peer }),
        websocket: {
          message: (socket, text) => {
            socket.send(`${JSON.stringify(socket.data)} ${text}`)
          },
        },
      },
      readConfig({}, flags),
    )
    // Only what cannot be had without the internet is added: Caddy's own authority instead of a public one.
    const shipped = await Bun.file('Caddyfile').text()
    const options = `{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tstorage file_system ${folder}/caddy\n}\n`
    await Bun.write(
      join(folder, 'Caddyfile'),
      options + shipped.replace('{\n\treverse_proxy', '{\n\ttls internal\n\treverse_proxy'),
    )
    proxy = Bun.spawn([caddy!, 'run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')], {
      env: {
        ...process.env,
        HOME: folder,
        TRALLIVALLI_SITE: site,
        TRALLIVALLI_UPSTREAM: `127.0.0.1:${listening.httpPort}`,
      },
      stdout: 'ignore',
      stderr: 'pipe',
    })
    await untilServing(proxy.stderr as ReadableStream<Uint8Array>)
    await untilHandshake()
  })
  afterAll(async () => {
    proxy?.kill()
    await proxy?.exited
    await listening?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  // Caddy writes that it has its certificate a moment before it uses it.
  async function untilHandshake(attemptsLeft = 100): Promise<void> {
    try {
      await fetch(`${site}/health`, { tls })
    } catch (error) {
      if (attemptsLeft === 0) throw error
      await Bun.sleep(20)
      await untilHandshake(attemptsLeft - 1)
    }
  }

  // The log is read to its end: a closed pipe would end caddy.
  function untilServing(log: ReadableStream<Uint8Array>): Promise<void> {
    return new Promise((resolve, reject) => {
      const read = async () => {
        let text = ''
        for await (const chunk of log) {
          text += new TextDecoder().decode(chunk)
          if (/serving initial configuration/.test(text) && /certificate obtained successfully/.test(text)) resolve()
        }
        reject(new Error(`caddy ended: ${text}`))
      }
      void read()
    })
  }

  const loopback = expect.stringMatching(/^(127\.0\.0\.1|::1)$/)
  const tls = { rejectUnauthorized: false }

  test('hands requests to the app, which learns who asks and that it is secure', async () => {
    const response = await fetch(`${site}/hello`, { tls, headers: { 'x-forwarded-for': '6.6.6.6' } })
    expect(await response.json()).toEqual({ peer: { address: loopback, isSecure: true }, host: `localhost:${port}` })
  })

  test('hands sockets through', async () => {
    const socket = new WebSocket(`wss://localhost:${port}/api/socket`, { tls } as never)
    const reply = await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send('hi')
      socket.onmessage = ({ data }) => resolve(data)
      socket.onerror = reject
    })
    expect(reply).toMatch(/^\{"address":"(127\.0\.0\.1|::1)","isSecure":true\} hi$/)
    socket.close()
  })

  /** Bytes as they are; everything that comes back until the other side ends it. */
  function exchange(bytes: string, isDirect: boolean): Promise<string> {
    const socket = isDirect
      ? connectTcp(listening.httpPort!, '127.0.0.1')
      : connectTls({ port, host: '127.0.0.1', servername: 'localhost', ALPNProtocols: ['http/1.1'], ...tls })
    return new Promise((resolve) => {
      let text = ''
      // A server that waits for the rest of a body has understood it so: nothing more will come.
      socket.setTimeout(1_000, () => socket.destroy())
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
      })
      socket.on('close', () => resolve(text))
      socket.write(bytes, 'latin1')
    })
  }

  const hidden = `GET /hidden HTTP/1.1\r\nHost: localhost:${port}\r\nX-Forwarded-Proto: http\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n`
  const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`
  const attempts: [string, string[], string][] = [
    [
      'a length beside chunks',
      [`Content-Length: ${hidden.length + 5}`, 'Transfer-Encoding: chunked'],
      `0\r\n\r\n${hidden}`,
    ],
    ['chunks beside a short length', ['Content-Length: 4', 'Transfer-Encoding: chunked'], chunk],
    [
      'chunks under a wrong name',
      ['Transfer-Encoding: xchunked', `Content-Length: ${5 + hidden.length}`],
      `0\r\n\r\n${hidden}`,
    ],
    ['a space before the colon', ['Transfer-Encoding : chunked', 'Content-Length: 4'], chunk],
    ['a tab before the value', ['Transfer-Encoding:\tchunked', 'Content-Length: 4'], chunk],
    ['two codings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity', 'Content-Length: 4'], chunk],
    ['a list of codings', ['Transfer-Encoding: identity, chunked', 'Content-Length: 4'], chunk],
    ['a folded header', ['Transfer-Encoding:\r\n chunked', 'Content-Length: 4'], chunk],
    ['a vertical tab', ['Transfer-Encoding: \x0bchunked', 'Content-Length: 4'], chunk],
    ['two lengths', ['Content-Length: 0', `Content-Length: ${hidden.length}`], hidden],
    ['a list of lengths', [`Content-Length: 0, ${hidden.length}`], hidden],
    ['a signed length', [`Content-Length: +${hidden.length}`], hidden],
    ['a negative length', ['Content-Length: -1'], hidden],
    ['a length in sixteens', ['Content-Length: 0x0'], hidden],
    ['a chunk of a signed size', ['Transfer-Encoding: chunked'], `+0\r\n\r\n${hidden}`],
    ['a chunk of a size without end', ['Transfer-Encoding: chunked'], `fffffffffffffffff\r\n${hidden}`],
    ['a chunk extension with a line break', ['Transfer-Encoding: chunked'], `5;\nxxxxx\r\nhello\r\n0\r\n\r\n${hidden}`],
    ['line feeds alone', [`X: y\nContent-Length: ${hidden.length}`], hidden],
    ['a carriage return alone', [`X: y\rContent-Length: ${hidden.length}`], hidden],
    ['a null in a header', ['X: \0', 'Transfer-Encoding: chunked\0'], chunk],
    ['an upgrade that is none', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'], hidden],
  ]

  const behindFirst = (paths: (string | undefined)[]) => paths.filter((path) => path !== '/first')

  // Whoever counts requests otherwise than the other lets one be read as part of another, or answers somebody with what is another's.
  describe.each([
    ['through the proxy', false],
    ['without it', true],
  ])('whose requests are cut out wrongly, %s,', (_way, isDirect) => {
    test.each(attempts)('is answered for what the app was asked, in order: %s', async (_name, headers, body) => {
      for (const method of ['POST', 'GET']) {
        seen.length = 0
        const head = [`${method} /first HTTP/1.1`, `Host: localhost:${port}`, ...headers].join('\r\n')
        const last = `GET /last HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`
        const text = await exchange(`${head}\r\n\r\n${body}${last}`, isDirect)
        const answered = [...text.matchAll(/^x-path: (\S+)\r$/gim)].map(([, path]) => path)
        expect(behindFirst(answered)).toEqual(behindFirst(seen.map(({ path }) => path)))
        // One whose body breaks off was seen by the app and is answered by the proxy.
        expect(answered.length).toBeLessThanOrEqual(seen.length)
        if (!isDirect) expect(seen.filter(({ isSecure }) => !isSecure)).toEqual([])
      }
    })
  })

  test('a second host, or one that differs from the address asked for, never reaches the app as the home', async () => {
    const strange = [
      `GET /hosts HTTP/1.1\r\nHost: localhost:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
      `GET /hosts HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
      `GET https://evil.example/hosts HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`,
    ]
    for (const bytes of strange) {
      seen.length = 0
      await exchange(bytes, false)
      expect(seen.filter(({ host }) => host !== `localhost:${port}`)).toEqual([])
    }
  })
})
