import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { Copy, QrCode, Share2, UserPlus } from 'lucide'
import type { InviteEntry } from '../../../src/client/api.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { Use } from '../../element.ts'
import { $home } from '../../stores.ts'
import { Submission, submit } from '../../submit.ts'
import { avatar } from '../../ui/avatar.ts'
import { type IconShapes, icon } from '../../ui/icon.ts'
import { actionButton, choicePills, problemLine, textField } from '../../ui/parts.ts'
import '../../ui/tv-qr.ts'
import { $inviteWords } from '../../words/people.ts'
import { $setupWords } from '../../words/setup.ts'
import { fullDate } from '../../words/time.ts'
import { copyText } from './copy-text.ts'
import { welcomePage } from './frame.ts'
import { linkUnder } from './invite-link.ts'
import { WelcomeScreen } from './welcome-screen.ts'

/** One link a person, for as many as there are. Tells `done`. */
@customElement('tv-setup-invites')
export class TvSetupInvites extends WelcomeScreen {
  @property() origin = ''
  @state() private name = ''
  @state() private inviteeRole: 'member' | 'host' = 'member'
  @state() private invites: InviteEntry[] = []
  @state() private open: string | null = null
  @state() private nameProblem: string | null = null
  private readonly submission = new Submission(this)
  private readonly words = new Use(this, $setupWords)

  protected get screen(): string {
    return 'invite'
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.load()
  }

  override render() {
    const words = this.words.value
    const roles = $inviteWords.get()
    const choices = [
      { value: 'member', title: roles.member },
      { value: 'host', title: roles.host },
    ] as const
    const body = html`<div class="mt-6 grid gap-4">
        ${textField({ id: 'invitee', label: words.inviteName, value: this.name, maxLength: limits.maxPersonNameLength, problem: this.nameProblem, change: this.typed })}
        ${choicePills<'member' | 'host'>({
          name: 'role',
          legend: words.inviteRole,
          value: this.inviteeRole,
          choices,
          change: (role) => {
            this.inviteeRole = role
          },
        })}
        ${problemLine(this.submission.problem)}
        <button class="btn btn-action w-full border-control bg-base-100" ?disabled=${this.submission.isBusy}>${icon(UserPlus)}${words.inviteMake}</button>
      </div>
      ${this.invites.length ? html`<ul class="mt-6 grid gap-2.5" aria-label=${words.invited(this.invites.length)}>${this.invites.map((invite) => this.card(invite))}</ul>` : nothing}`
    const isAlone = this.invites.length === 0
    const actions = actionButton({
      text: isAlone ? words.inviteLater : words.inviteDone,
      classes: isAlone ? 'btn-ghost w-full text-primary' : 'btn-primary w-full',
      press: () => this.tell('done'),
    })
    return welcomePage({
      shapes: UserPlus,
      title: words.inviteTitle,
      text: words.inviteText,
      body,
      actions,
      submit: () => void this.make(),
    })
  }

  private card(invite: InviteEntry): TemplateResult {
    const words = this.words.value
    const { inviteId, inviteeName: name, state } = invite
    const isOpen = this.open === inviteId
    const link = invite.link && linkUnder(invite.link, this.origin)
    const text = state === 'used' ? words.inviteUsed : words.inviteGood({ date: fullDate(invite.expiresAt) })
    const round = (shapes: IconShapes, label: string, press: () => void, isPressed?: boolean) =>
      html`<button type="button" class="icon-button" aria-label="${label}: ${name}" title=${label} aria-expanded=${isPressed === undefined ? nothing : String(isPressed)} @click=${press}>${icon(shapes, 'text-[1.0625rem]')}</button>`
    const tools = link
      ? html`${'share' in navigator ? round(Share2, $inviteWords.get().share, () => void this.share(link)) : nothing}${round(Copy, $inviteWords.get().copy, () => void copyText(link))}${round(
          QrCode,
          isOpen ? words.inviteHide : words.inviteShow,
          () => {
            this.open = isOpen ? null : inviteId
          },
          isOpen,
        )}`
      : nothing
    return html`<li class="pop-in rounded-2xl border border-line p-3"><div class="flex items-center gap-3">${avatar({ id: inviteId, name, photo: null }, 'sm')}<span class="min-w-0 flex-1"><b class="row-title block truncate">${words.inviteReady({ name })}</b><span class="row-text block text-[.8125rem]">${text}</span></span><span class="flex flex-none">${tools}</span></div>
      ${isOpen && link ? html`<tv-qr class="mx-auto mt-3 block w-56 max-w-full" .text=${link} label=${words.inviteQr({ name })}></tv-qr>` : nothing}</li>`
  }

  private readonly typed = (name: string) => {
    this.name = name
    this.nameProblem = null
  }

  private async load(): Promise<void> {
    const outcome = await submit(() => bridge.call.listInvites())
    if (!outcome.isDone) return
    const made = new Set(this.invites.map(({ inviteId }) => inviteId))
    this.invites = [
      ...this.invites,
      ...outcome.value.filter(({ inviteId, state }) => !made.has(inviteId) && (state === 'usable' || state === 'used')),
    ]
  }

  private async make(): Promise<void> {
    const inviteeName = this.name.trim()
    if (!inviteeName) {
      this.nameProblem = this.words.value.inviteNameMissing
      return this.focusField('invitee')
    }
    const wish = { inviteeName, role: this.inviteeRole, expiresInMs: limits.inviteMaxAgeMs, uses: 1 }
    const outcome = await this.submission.run(() => bridge.call.createInvite(wish))
    if (!outcome.isDone) return
    this.invites = [outcome.value, ...this.invites]
    this.open = outcome.value.inviteId
    this.name = ''
    this.inviteeRole = 'member'
    await this.focusField('invitee')
  }

  private async share(url: string): Promise<void> {
    const text = this.words.value.inviteShare({ home: $home.get()?.name ?? '' })
    // Rejects when the person closes the sheet again, which is no problem of theirs.
    await navigator.share({ text, url }).catch((cause: unknown) => console.info('not shared', cause))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-setup-invites': TvSetupInvites
  }
}
