import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, createApp } from '../../src/server/app.ts'
import type { Clock } from '../../src/server/clock.ts'
import { systemClock } from '../../src/server/clock.ts'
import { readConfig } from '../../src/server/config.ts'
import type { SocketData } from '../../src/server/connection.ts'
import { type Context, createContext } from '../../src/server/context.ts'
import type { Log } from '../../src/server/log.ts'
import { createMember, type Member, type MemberOptions } from './member.ts'

/** The whole server as shipped, on a database in a folder of its own, behind a real port. */
export class RealHome implements AsyncDisposable {
  readonly #members: Member[] = []

  static async open(options: { clock?: Clock; folder?: string; port?: number; log?: Log } = {}): Promise<RealHome> {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'trallivalli-home-'))
    const config = readConfig({}, { data: folder, host: '127.0.0.1', port: '0', tls: 'off', log: 'error' })
    const { clock = systemClock, log } = options
    const context = await createContext(config, { clock, ...(log && { log }) })
    const app = createApp(context)
    const server = Bun.serve<SocketData>({
      hostname: '127.0.0.1',
      port: options.port ?? 0,
      fetch(request, self) {
        const peer = { address: '127.0.0.1', isSecure: false }
        if (request.headers.get('upgrade') !== 'websocket') return app.handleHttp(request, peer)
        return app.upgrade(request, self, peer) ? undefined : new Response('refused', { status: 403 })
      },
      websocket: app.websocket,
    })
    return new RealHome(folder, context, app, server)
  }

  private constructor(
    readonly folder: string,
    readonly context: Context,
    readonly app: App,
    readonly server: Bun.Server<SocketData>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.server.port}`
  }
  get claimToken(): string {
    return readFileSync(join(this.folder, 'claim-token'), 'utf8').trim()
  }

  /** Somebody's browser at this home; ended with it. */
  visitor(name: string, options: Omit<MemberOptions, 'url'> = {}): Member {
    const member = createMember(name, { url: this.url, ...options })
    this.#members.push(member)
    return member
  }
  /** Oma founds the home. */
  founder(name = 'Oma'): Promise<Member> {
    return this.visitor(name).found(this.claimToken, 'Home of the Test')
  }
  /** Somebody joins by an invite of `inviter`. */
  async joiner(name: string, inviter: Member, role: 'member' | 'host' = 'member'): Promise<Member> {
    return this.visitor(name).join(await inviter.invite(name, role))
  }

  /** The members outlive this home: they meet it again after a restore. */
  release(): void {
    this.#members.length = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.#members) await member[Symbol.asyncDispose]().catch(() => undefined)
    await this.server.stop(true)
    this.app[Symbol.dispose]()
    await this.context[Symbol.asyncDispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
