import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tv-caddy-'))
    const flags = { data: folder, host: '127.0.0.1', port: '0', tls: 'off', 'public-url': site }
    listening = await listen(
      {
        handleHttp: async (request, peer) => Response.json({ peer, host: request.headers.get('host') }),
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
})
