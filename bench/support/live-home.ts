import type { ConversationId } from '../../src/protocol/ids.ts'
import { createMember, type Member } from '../../tests/support/member.ts'
import type { ServerProcess } from './server-process.ts'

/** Whole clients that founded and joined a home in a process of its own, by its front door. */
export class LiveHome implements AsyncDisposable {
  readonly members: Member[] = []

  private constructor(readonly server: ServerProcess) {}

  static async open(server: ServerProcess, claimToken: string, people: number): Promise<LiveHome> {
    const home = new LiveHome(server)
    const founder = home.visitor('Founder')
    await founder.found(claimToken, 'Bench')
    for (let number = 1; number < people; number++) {
      await home.visitor(`Member${number}`).join(await founder.invite(`Member${number}`))
    }
    return home
  }

  visitor(name: string): Member {
    const member = createMember(name, { url: this.server.url })
    this.members.push(member)
    return member
  }

  /** Everybody is in the family conversation, and knows the devices of all. */
  async family(): Promise<ConversationId> {
    const ids = await Promise.all(this.members.map((member) => member.inFamily()))
    return ids[0]!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.members) await member[Symbol.asyncDispose]()
  }
}
