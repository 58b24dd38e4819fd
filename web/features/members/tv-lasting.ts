import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { type Conversation, expiryChoices } from '../../../src/client/api.ts'
import type { ConversationId } from '../../../src/protocol/ids.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { $conversationsById } from '../../stores.ts'
import { attempt } from '../../submit.ts'
import { choiceCards, choicePills } from '../../ui/parts.ts'
import { $lastingWords, durationName } from '../../words/lasting.ts'

/** How long messages of a conversation last, and what a group's newcomers see of the earlier ones. */
@customElement('tv-lasting')
export class TvLasting extends TvElement {
  @property() conversationId!: ConversationId
  private readonly conversations = new Use(this, $conversationsById)
  private readonly words = new Use(this, $lastingWords)

  override render() {
    const conversation = this.conversations.value.get(this.conversationId)
    if (!conversation?.isMember) return nothing
    const mayChange = conversation.kind === 'direct' || conversation.isAdmin
    return html`<section class="card mt-4 p-5">${mayChange ? this.timer(conversation) : this.fixedTimer(conversation)}</section>
      ${conversation.kind === 'group' ? html`<section class="card mt-4 p-5">${mayChange ? this.history(conversation) : this.fixedHistory(conversation)}</section>` : nothing}`
  }

  private timer({ expirySeconds }: Conversation): TemplateResult {
    const words = this.words.value
    const pills = choicePills<number>({
      name: 'expiry',
      legend: words.title,
      value: expirySeconds,
      choices: expiryChoices.map((value) => ({ value, title: durationName(value) })),
      change: (seconds) => void this.setTimer(seconds),
    })
    return html`${pills}<p class="row-text mt-3">${words.text}</p>`
  }

  private fixedTimer({ expirySeconds }: Conversation): TemplateResult {
    const words = this.words.value
    return html`<h2 class="text-base font-semibold">${words.title}</h2><p class="row-text mt-1">${durationName(expirySeconds)}. ${words.adminsOnly}</p>`
  }

  private history({ historyPolicy }: Conversation): TemplateResult {
    const words = this.words.value
    const cards = choiceCards<'none' | 'share'>({
      name: 'history',
      legend: words.historyTitle,
      value: historyPolicy,
      choices: [
        { value: 'none', title: words.historyNone },
        { value: 'share', title: words.historyShare },
      ],
      change: (policy) => void this.setHistory(policy),
    })
    return html`${cards}<p class="row-text mt-3">${words.historyText}</p>`
  }

  private fixedHistory({ historyPolicy }: Conversation): TemplateResult {
    const words = this.words.value
    const text = historyPolicy === 'share' ? words.historyShare : words.historyNone
    return html`<h2 class="text-base font-semibold">${words.historyTitle}</h2><p class="row-text mt-1">${text}. ${words.adminsOnly}</p>`
  }

  private async setTimer(seconds: number): Promise<void> {
    const words = this.words.value
    const done = seconds === 0 ? words.unset : words.set({ duration: durationName(seconds) })
    await attempt(() => bridge.call.setDisappearing(this.conversationId, seconds), done)
    // A refused choice must not stay marked.
    this.requestUpdate()
  }

  private async setHistory(policy: 'none' | 'share'): Promise<void> {
    const words = this.words.value
    const done = policy === 'share' ? words.historySet : words.historyUnset
    await attempt(() => bridge.call.setHistoryPolicy(this.conversationId, policy), done)
    this.requestUpdate()
  }
}
