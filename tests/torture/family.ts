import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConversationId } from '../../src/protocol/ids.ts'
import type { GroupChain } from '../support/sealed.ts'
import { type Actor, connect, createGroup, foundFamily, openDirect, remoteHome } from './actors.ts'
import { Poster, readAll } from './poster.ts'
import type { Report } from './report.ts'
import { ServerProcess } from './server-process.ts'
import { Checker, Witness } from './witness.ts'

interface FamilyOptions {
  binary: string | null
  /** Where the home lives; a folder of its own otherwise. */
  dataFolder?: string
  maxFiles?: number
}

/** Four people, one group and two direct conversations on a server in its own process, and a log of what they saw. */
export class TorturedFamily implements AsyncDisposable {
  readonly checker = new Checker()
  readonly posters: Poster[]
  /** How far everybody has read and agreed. */
  readonly #agreed = new Map<ConversationId, number>()

  private constructor(
    readonly folder: string,
    readonly dataFolder: string,
    readonly binary: string | null,
    public server: ServerProcess,
    readonly actors: Actor[],
    readonly group: GroupChain,
    readonly directs: ConversationId[],
    readonly witness: Witness,
  ) {
    this.posters = actors.map((actor, index) => {
      const other = actors[index ^ 1]!
      return new Poster(actor, witness, group, { conversationId: directs[index >> 1]!, other })
    })
  }

  static async open({ binary, dataFolder, maxFiles }: FamilyOptions): Promise<TorturedFamily> {
    const folder = mkdtempSync(join(tmpdir(), 'tv-torture-'))
    const data = dataFolder ?? join(folder, 'data')
    const server = await ServerProcess.start({ dataFolder: data, binary, port: 0, ...(maxFiles ? { maxFiles } : {}) })
    const actors = await foundFamily(remoteHome(server.url, server.claimToken), ['oma', 'papa', 'mama', 'kid'])
    const [oma, papa, mama, kid] = actors as [Actor, Actor, Actor, Actor]
    const group = await createGroup(oma, [papa, mama, kid])
    const directs = [await openDirect(oma, papa.accountId), await openDirect(mama, kid.accountId)]
    const witness = new Witness(join(folder, 'seen.jsonl'))
    return new TorturedFamily(folder, data, binary, server, actors, group, directs, witness)
  }

  /** The same home on another process, at the same address. */
  async restart(dataFolder = this.dataFolder): Promise<void> {
    this.server = await ServerProcess.start({ dataFolder, binary: this.binary, port: this.server.port })
    await this.signIn()
  }

  async signIn(): Promise<void> {
    for (const { newcomer } of this.actors) {
      const { status, json } = await newcomer.signIn()
      if (status !== 200) throw new Error(`${newcomer.signInName} cannot sign in: ${JSON.stringify(json)}`)
    }
  }

  /** Everybody posts at once; resolves when all lines are down. */
  post(load: { window: number; count?: number }): Promise<unknown> {
    return Promise.all(this.posters.map((poster) => poster.run(load)))
  }

  /** What was not answered is offered again until it is. */
  async drain(): Promise<void> {
    for (const poster of this.posters) {
      for (let tries = 0; poster.outbox.length > 0 && tries < 20; tries++) await poster.run({ window: 8, count: 0 })
    }
  }

  /** Every member reads; then the checker, who knows only the log, judges. `isWhole`: from the first message on. */
  async judge(report: Report, what: string, { isWhole }: { isWhole: boolean }): Promise<void> {
    for (const [index, actor] of this.actors.entries()) {
      const socket = await connect(actor)
      for (const where of [this.group.conversationId, this.directs[index >> 1]!]) {
        const from = isWhole ? 0 : (this.#agreed.get(where) ?? 0)
        const { seqs, hashes } = await readAll(socket, where, from)
        this.witness.note({ what: 'read', who: actor.name, where, from, seqs, hashes })
        if ((index & 1) === 1) this.#agreed.set(where, Math.max(0, (seqs.at(-1) ?? from) - 50))
      }
      socket.close()
      await socket.closed
    }
    const faults = this.checker.judge(this.witness.path, { isWhole: true })
    report.check(what, faults.length === 0, faults.slice(0, 5))
  }

  /** Every key that belongs to an acknowledged direct message reached its device, or waits for it and comes when it connects. */
  async judgeKeys(report: Report, what: string): Promise<void> {
    const owed = this.posters.flatMap(({ owedKeys }) => owedKeys)
    const lost = () => {
      this.checker.judge(this.witness.path, { isWhole: false })
      return owed.filter((hash) => !this.checker.hasKey(hash))
    }
    for (let tries = 0; lost().length > 0 && tries < 10; tries++) await this.post({ window: 1, count: 0 })
    report.check(what, owed.length > 0 && lost().length === 0, `${lost().length} of ${owed.length} keys are lost`)
  }

  get refusals(): string {
    const all = this.posters.flatMap(({ refusals }) => [...refusals])
    return all.map(([code, count]) => `${code} ${count}`).join(', ')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.kill()
    this.witness[Symbol.dispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
