import type { Client, ClientEvent, ClientFailure, NewPerson, Person } from '../../src/client/api.ts'
import { createClient } from '../../src/client/client.ts'
import type { AccountId, ConversationId } from '../../src/protocol/ids.ts'
import { BunPlatform, type BunPlatformOptions, CookieJar, MemoryStorage } from './bun-platform.ts'

export type MemberOptions = Omit<BunPlatformOptions, 'storage' | 'cookies'>

/** The newest value of each part, as a face would hold it. */
export type View = {
  [Type in ClientEvent['type']]?: Extract<ClientEvent, { type: Type }>
}

/** One person's browser: a real client on a real home, with what its face would show. */
export class Member {
  readonly storage = new MemoryStorage()
  readonly cookies = new CookieJar()
  readonly events: ClientEvent[] = []
  platform: BunPlatform
  client: Client
  view: View = {}
  recoveryCode = ''
  /** How long a test waits for something that must come. */
  patienceMs = 15_000
  readonly passphrase: string
  #wakers = new Set<() => void>()

  constructor(
    readonly name: string,
    private readonly options: MemberOptions,
  ) {
    this.passphrase = `correct ${name} battery staple wagon`
    this.platform = this.#makePlatform()
    this.client = this.#makeClient()
  }

  get person(): NewPerson {
    const signInName = this.name.toLowerCase()
    return { name: this.name, signInName, photo: null, passphrase: this.passphrase }
  }
  get accountId(): AccountId {
    return this.view.me!.me.accountId
  }
  get people(): Person[] {
    return this.view.people?.people ?? []
  }
  get familyId(): ConversationId {
    return this.view.home!.home.familyConversationId!
  }

  async found(claimToken: string, homeName = 'Home'): Promise<this> {
    this.recoveryCode = (await this.client.foundHome(claimToken, homeName, this.person)).recoveryCode
    return this
  }
  async join(link: string): Promise<this> {
    this.recoveryCode = (await this.client.joinHome(link, this.person)).recoveryCode
    return this
  }
  /** A fresh link for somebody. */
  async invite(inviteeName: string, role: 'member' | 'host' = 'member'): Promise<string> {
    const entry = await this.client.createInvite({ inviteeName, role, expiresInMs: 3_600_000, uses: 1 })
    return entry.link!
  }

  /** The page goes away and comes back: same storage, same cookies, a new client. A crash does not end in order. */
  async restart({ isCrash = false } = {}): Promise<void> {
    if (isCrash) this.platform.kill()
    else await this.client[Symbol.asyncDispose]()
    this.view = {}
    this.platform = this.#makePlatform()
    this.client = this.#makeClient()
  }

  /** Resolves with the first truthy answer, asked again at every event. */
  async until<Value>(what: string, ask: (member: this) => Value): Promise<NonNullable<Exclude<Value, false>>> {
    const deadline = Date.now() + this.patienceMs
    for (;;) {
      const value = ask(this)
      if (value) return value as NonNullable<Exclude<Value, false>>
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`${this.name} waited for ${what}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wakers.add(resolve)
      const timer = setTimeout(resolve, left)
      await promise
      clearTimeout(timer)
      this.#wakers.delete(resolve)
    }
  }

  /** In the family conversation, as far as this device knows. */
  inFamily(): Promise<ConversationId> {
    return this.until('the family conversation', ({ view }) => {
      const family = view.conversations?.conversations.find((conversation) => conversation.isFamily)
      return family?.isMember ? family.conversationId : null
    })
  }

  #makePlatform(): BunPlatform {
    return new BunPlatform({ ...this.options, storage: this.storage.attach(), cookies: this.cookies })
  }
  #makeClient(): Client {
    const client = createClient(this.platform)
    client.subscribe((event) => {
      this.events.push(event)
      this.view = { ...this.view, [event.type]: event }
      for (const wake of this.#wakers) wake()
    })
    return client
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]()
  }
}

/** A device of somebody who is nobody yet. `app.url`: where a real home listens. */
export function createMember(name: string, app: MemberOptions): Member {
  return new Member(name, app)
}

/** The code with which a command is refused; fails the test when it is not. */
export async function codeOf(command: Promise<unknown>): Promise<string> {
  const outcome = await command.then(
    () => 'it was not refused',
    (error: ClientFailure) => error.code ?? `${error}`,
  )
  return outcome
}
