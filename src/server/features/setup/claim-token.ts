import { timingSafeEqual } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../../../protocol/errors.ts'
import { writeDurably } from '../../durable-file.ts'
import { makeToken } from '../../ids.ts'
import type { Reader } from '../../storage/database.ts'

const fileName = 'claim-token'

/** Makes its bearer the host. It exists from the first start until the home has its founder, and in one file only. */
export class ClaimToken {
  private constructor(
    private readonly file: string,
    private token: string | null,
  ) {}

  static async load(database: Reader, dataFolder: string): Promise<ClaimToken> {
    const file = join(dataFolder, fileName)
    const founder = await database.get('SELECT 1 FROM accounts LIMIT 1')
    if (founder) {
      await rm(file, { force: true })
      return new ClaimToken(file, null)
    }
    return new ClaimToken(file, (await readToken(file)) ?? (await writeToken(file)))
  }

  /** Null once the home is claimed. */
  get value(): string | null {
    return this.token
  }
  get isClaimed(): boolean {
    return this.token === null
  }

  /** Throws `already_claimed`, or `bad_claim_token`; takes as long for every wrong token. */
  check(offered: string | null): void {
    if (this.token === null) throw new Refusal('already_claimed')
    const [mine, theirs] = [Buffer.from(this.token), Buffer.from(offered ?? '')]
    if (mine.length !== theirs.length || !timingSafeEqual(mine, theirs)) throw new Refusal('bad_claim_token')
  }

  /** The home has its founder: the token is worth nothing from now on, and its file goes. */
  async spend(): Promise<void> {
    this.token = null
    await rm(this.file, { force: true })
  }
}

async function readToken(file: string): Promise<string | null> {
  const text = (await Bun.file(file).exists()) ? (await Bun.file(file).text()).trim() : ''
  return text.length >= 43 ? text : null
}

async function writeToken(file: string): Promise<string> {
  const token = makeToken()
  await writeDurably(file, `${token}\n`)
  return token
}
