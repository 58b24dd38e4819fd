import { html, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { House, User } from 'lucide'
import type { InviteEntry } from '../../../src/client/api.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { confirmFirst } from '../../confirm.ts'
import { TvElement, Use } from '../../element.ts'
import { $me, $people } from '../../stores.ts'
import { attempt, Submission } from '../../submit.ts'
import { actionButton, choiceCards, choicePills, problemLine, skeletonRows, textField } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $inviteWords } from '../../words/people.ts'
import { inviteReady } from './invite-ready.ts'
import { inviteRow } from './invite-row.ts'

const hourMs = 3_600_000
const useCounts = [1, 2, 5, 10]

/** Where hosts invite people: a link and a code each, and what became of those given before. */
@customElement('tv-invites')
export class TvInvites extends TvElement {
  @state() private inviteeName = ''
  @state() private newRole: 'member' | 'host' = 'member'
  @state() private expiresInHours = 72
  @state() private uses = 1
  @state() private made: InviteEntry | null = null
  @state() private list: InviteEntry[] | null = null
  private hasAsked = false
  private readonly me = new Use(this, $me)
  private readonly words = new Use(this, $inviteWords)
  private readonly making = new Submission(this)
  private readonly listing = new Submission(this)

  constructor() {
    super()
    new Use(this, $people)
  }

  override render() {
    const words = this.words.value
    if (!this.isHost) return html`<p class="row-text">${words.hostOnly}</p>`
    return html`${this.made ? inviteReady(this.made, this.startAnother) : this.form()}
      <h2 class="mt-10 text-base font-semibold">${words.given}</h2>
      <div class="card mt-3 p-2">${this.given()}</div>`
  }

  private get isHost(): boolean {
    return this.me.value?.role === 'host'
  }

  // Who one is may come after the page does.
  protected override willUpdate(): void {
    if (!this.isHost || this.hasAsked) return
    this.hasAsked = true
    void this.load()
  }

  private form(): TemplateResult {
    const words = this.words.value
    return html`<form class="grid gap-6" @submit=${this.create}>
      <p class="row-text text-pretty">${words.intro}</p>
      ${textField({
        id: 'invitee',
        label: words.who,
        hint: words.whoHint,
        value: this.inviteeName,
        maxLength: limits.maxPersonNameLength,
        change: (name) => {
          this.inviteeName = name
        },
      })}
      ${choiceCards({
        name: 'invite-role',
        legend: words.role,
        value: this.newRole,
        choices: [
          { value: 'member' as const, title: words.member, text: words.memberText, shapes: User },
          { value: 'host' as const, title: words.host, text: words.hostText, shapes: House },
        ],
        change: (role) => {
          this.newRole = role
        },
      })}
      ${choicePills({
        name: 'invite-expiry',
        legend: words.expiry,
        value: this.expiresInHours,
        choices: [
          { value: 1, title: words.hours(1) },
          { value: 24, title: words.days(1) },
          { value: 72, title: words.days(3) },
          { value: 168, title: words.days(7) },
        ],
        change: (hours) => {
          this.expiresInHours = hours
        },
      })}
      ${choicePills({
        name: 'invite-uses',
        legend: words.uses,
        value: this.uses,
        choices: useCounts.map((value) => ({ value, title: words.usesCount(value) })),
        change: (uses) => {
          this.uses = uses
        },
      })}
      <div>${actionButton({ text: words.create, isBusy: this.making.isBusy, classes: 'btn-primary w-full' })}${problemLine(this.making.problem)}</div>
    </form>`
  }

  private given(): TemplateResult {
    if (this.listing.problem) return html`<div class="p-3">${problemLine(this.listing.problem)}</div>`
    if (!this.list) return skeletonRows(3, $appWords.get().loading)
    if (this.list.length === 0) return html`<p class="row-text p-3">${this.words.value.none}</p>`
    return html`<ul class="grid grid-cols-1 divide-y divide-line">${this.list.map((invite) => inviteRow(invite, this.revoke, this.show))}</ul>`
  }

  private async load(): Promise<void> {
    const outcome = await this.listing.run(() => bridge.call.listInvites())
    if (outcome.isDone) this.list = outcome.value
  }

  private readonly create = async (event: Event) => {
    event.preventDefault()
    const { newRole: role, uses } = this
    const options = { inviteeName: this.inviteeName.trim(), role, uses, expiresInMs: this.expiresInHours * hourMs }
    const outcome = await this.making.run(() => bridge.call.createInvite(options))
    if (!outcome.isDone) return
    this.made = outcome.value
    this.inviteeName = ''
    this.list = [outcome.value, ...(this.list ?? [])]
    await this.updateComplete
    this.querySelector<HTMLElement>('[data-ready]')?.focus()
  }

  private readonly startAnother = () => {
    this.made = null
  }

  private readonly show = (invite: InviteEntry) => {
    this.made = invite
    this.closest('.overflow-y-auto')?.scrollTo({ top: 0 })
  }

  private readonly revoke = async (invite: InviteEntry) => {
    const words = this.words.value
    const name = invite.inviteeName || words.noName
    const question = {
      title: words.revokeTitle({ name }),
      text: words.revokeText,
      action: words.revoke,
      isDangerous: true,
    }
    if (!(await confirmFirst(question))) return
    if (!(await attempt(() => bridge.call.revokeInvite(invite.inviteId)))) return
    if (this.made?.inviteId === invite.inviteId) this.made = null
    await this.load()
  }
}
