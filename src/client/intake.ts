import type { ConversationId } from '../protocol/ids.ts'
import type { Announcer } from './announcer.ts'
import { ClientFailure } from './api.ts'
import { Batch, type PeerRequest, type Witness } from './batch.ts'
import type { AccountParts } from './parts.ts'
import type { Steps } from './steps.ts'
import type { Typing } from './typing.ts'

type Followers = {
  announcer: Announcer
  typing: Typing
  answer(request: PeerRequest): Promise<void>
  refreshEntries(id: ConversationId, witness: Witness | null): Promise<void>
  acknowledge(id: ConversationId): void
}

/** Runs one step of taking things in, and afterwards what follows from it. */
export class Intake {
  readonly #checkedHeads = new Set<string>()

  constructor(
    private readonly parts: AccountParts,
    private readonly steps: Steps,
    private readonly followers: Followers,
  ) {}

  async run(work: (batch: Batch) => Promise<void>): Promise<void> {
    const batch = await this.steps.run(async (step) => {
      const taken = new Batch(step)
      await work(taken)
      await taken.settled()
      // Before the commit: they are idempotent, and after a crash in between the same bodies come once more.
      const { people } = this.parts
      for (const { accountId, sentAt, ...face } of taken.profiles) await people.applyProfile(accountId, face, sentAt)
      if (taken.introductions.length > 0) await people.applyIntroduction(taken.introductions)
      return taken
    })
    this.#tell(batch)
    for (const sync of batch.syncs) await this.parts.applySync(sync.peer.deviceId, sync.content)
  }

  #tell(batch: Batch): void {
    const { announcer, typing, acknowledge } = this.followers
    for (const { id, accountId } of batch.stoppedTyping) typing.hide(id, accountId)
    for (const { id, messageId } of batch.removed) announcer.messages(id, [], [messageId])
    for (const [id, lines] of batch.messages) announcer.messages(id, lines)
    for (const id of batch.toAcknowledge) acknowledge(id)
    for (const request of batch.requests) this.#later(this.followers.answer(request))
    for (const [id, witness] of batch.staleEntries) this.#later(this.followers.refreshEntries(id, witness))
    for (const [name, head] of batch.heads) {
      if (this.#checkedHeads.has(name)) continue
      this.#checkedHeads.add(name)
      this.#later(this.parts.keyLog.checkGossip(head))
    }
  }

  /** What may fail without the network and is done again another time. */
  #later(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!(error instanceof ClientFailure)) console.error('intake', String(error))
    })
  }
}
