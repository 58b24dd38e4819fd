import { join } from 'node:path'
import type { Server } from 'bun'
import type { Config } from './config.ts'
import { answerPlain, answerSecure, type Listenable } from './front-door.ts'
import { StartError } from './start-error.ts'
import { type HomeCertificates, openCertificates } from './tls/certificates.ts'
import { listOwnNames } from './tls/names.ts'

export type { Listenable } from './front-door.ts'

export interface Listening extends AsyncDisposable {
  readonly httpPort: number
  readonly httpsPort: number | null
  readonly certificates: HomeCertificates | null
  /** Looks at names and dates again, and changes the certificate without dropping a socket. True if it changed. */
  renewCertificates(nowMs?: number, names?: string[]): Promise<boolean>
}

// Bun knows one bound for all requests, and a backup may be as large as the disk: gate.ts bounds every other body.
const maxRequestBytes = 2 ** 40
const idleSeconds = 120
const renewalCheckMs = 10 * 60_000

/** The port belongs to somebody else: one sentence for the person who starts the server. */
export class PortError extends StartError {
  override name = 'PortError'
}

/** Opens both ports. After a renewal two servers live side by side for a while: reach sockets directly, not by `publish`. */
export async function listen<Data>(app: Listenable<Data>, config: Config): Promise<Listening> {
  const secure = config.httpsPort === null ? null : await SecureDoor.open(app, config, config.httpsPort)
  const plain = await orClose(secure, () => openPlainDoor(app, config, secure))
  return {
    httpPort: plain.port!,
    httpsPort: secure?.port ?? null,
    get certificates() {
      return secure?.certificates ?? null
    },
    renewCertificates: async (nowMs, names) => (await secure?.renew(nowMs, names)) ?? false,
    async [Symbol.asyncDispose]() {
      await Promise.all([plain.stop(true), secure?.close()])
    },
  }
}

class SecureDoor<Data> {
  private server: Server<Data>
  private readonly draining: Server<Data>[] = []
  private readonly timer: NodeJS.Timeout

  private constructor(
    private readonly app: Listenable<Data>,
    private readonly config: Config,
    public certificates: HomeCertificates,
    wantedPort: number,
  ) {
    this.server = claimPort(config.host, wantedPort, '--https-port', () => this.serve(wantedPort))
    this.timer = setInterval(() => void this.renew().catch(reportRenewal), renewalCheckMs).unref()
  }

  static async open<Data>(app: Listenable<Data>, config: Config, port: number): Promise<SecureDoor<Data>> {
    // The real server shares its port with its successor, so it would share it with a stranger too: try it alone first.
    if (port !== 0) await claimPort(config.host, port, '--https-port', () => probe(config.host, port))
    const certificates = await openCertificates(tlsFolder(config), listOwnNames(config.publicUrl), Date.now())
    return new SecureDoor(app, config, certificates, port)
  }

  get port(): number {
    return this.server.port!
  }

  // Bun ignores new certificates in reload(): a second server joins the port, then the first takes no more visitors
  // and lives on until its last socket closes.
  async renew(nowMs = Date.now(), names = listOwnNames(this.config.publicUrl)): Promise<boolean> {
    const renewed = await openCertificates(tlsFolder(this.config), names, nowMs)
    if (renewed.leaf.certificate === this.certificates.leaf.certificate) return false
    this.certificates = renewed
    const old = this.server
    this.server = this.serve(this.port)
    this.draining.push(old)
    void old.stop()
    return true
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    await Promise.all([this.server, ...this.draining].map((server) => server.stop(true)))
  }

  private serve(port: number): Server<Data> {
    const { authority, leaf } = this.certificates
    return Bun.serve<Data>({
      ...common(this.config, port),
      reusePort: true,
      tls: { cert: leaf.certificate + authority.certificate, key: leaf.secretKey },
      websocket: this.app.websocket,
      fetch: answerSecure(this.app, this.config, authority.certificate),
    })
  }
}

function openPlainDoor<Data>(app: Listenable<Data>, config: Config, secure: SecureDoor<Data> | null): Server<Data> {
  const side = secure && { authority: secure.certificates.authority.certificate, port: () => secure.port }
  const options = {
    ...common(config, config.httpPort),
    websocket: app.websocket,
    fetch: answerPlain(app, config, side),
  }
  return claimPort(config.host, config.httpPort, '--port', () => Bun.serve<Data>(options))
}

async function orClose<Data, T>(secure: SecureDoor<Data> | null, start: () => T): Promise<T> {
  try {
    return start()
  } catch (error) {
    await secure?.close()
    throw error
  }
}

function tlsFolder(config: Config): string {
  return join(config.dataFolder, 'tls')
}

// Outside development Bun shares ports unless it is told not to: two homes would take turns in answering.
function common(config: Config, port: number) {
  const limits = { idleTimeout: idleSeconds, maxRequestBodySize: maxRequestBytes }
  return { hostname: config.host, port, development: false, reusePort: false, ...limits }
}

function probe(hostname: string, port: number): Promise<void> {
  return Bun.serve({ hostname, port, reusePort: false, fetch: () => new Response() }).stop(true)
}

function claimPort<T>(host: string, port: number, flag: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw new PortError(explainPort(host, port, flag, (error as { code?: string }).code), { cause: error })
  }
}

function explainPort(host: string, port: number, flag: string, code = 'unknown reason'): string {
  if (code === 'EADDRINUSE')
    return `Port ${port} is already in use: stop the other program or choose another port with ${flag}.`
  if (code === 'EACCES') return `Port ${port} needs more rights: choose one above 1023 with ${flag}.`
  if (code === 'EADDRNOTAVAIL')
    return `This machine has no address ${host}: give one of its own with --host, or 0.0.0.0 for all of them.`
  return `${host} port ${port} cannot be opened (${code}): check --host and ${flag}.`
}

function reportRenewal(error: unknown): void {
  console.error(`The certificate could not be renewed: ${error instanceof Error ? error.message : String(error)}`)
}
