import { html } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { InviteEntry, Person } from '../../../src/client/api.ts'
import { bridge } from '../../bridge.ts'
import { confirmFirst } from '../../confirm.ts'
import { TvElement, Use } from '../../element.ts'
import { Submission } from '../../submit.ts'
import { actionButton, problemLine } from '../../ui/parts.ts'
import { $recoveryWords } from '../../words/recovery.ts'
import { inviteReady } from '../invites/invite-ready.ts'

const dayMs = 24 * 3_600_000

/** For hosts: a link by which somebody who lost everything begins anew under their own name. */
@customElement('tv-begin-anew')
export class TvBeginAnew extends TvElement {
  @property({ attribute: false }) person!: Person
  @state() private invite: InviteEntry | null = null
  private readonly words = new Use(this, $recoveryWords)
  private readonly making = new Submission(this)

  override render() {
    const words = this.words.value
    const { name } = this.person
    const close = () => {
      this.invite = null
    }
    if (this.invite) return inviteReady(this.invite, close)
    const make = actionButton({
      text: words.anewMake,
      isBusy: this.making.isBusy,
      classes: 'btn-secondary',
      press: this.make,
    })
    return html`<section class="card p-5"><h2 class="text-base font-semibold">${words.anew}</h2><p class="row-text mt-1">${words.anewText({ name })}</p><div class="mt-4">${make}</div>${problemLine(this.making.problem)}</section>`
  }

  private readonly make = async () => {
    const words = this.words.value
    const { name, role, accountId } = this.person
    const question = { title: words.anewTitle({ name }), text: words.anewConfirm, action: words.anewMake }
    if (!(await confirmFirst({ ...question, isDangerous: true }))) return
    const options = { inviteeName: name, role, expiresInMs: dayMs, uses: 1, forAccount: accountId }
    const outcome = await this.making.run(() => bridge.call.createInvite(options))
    if (outcome.isDone) this.invite = outcome.value
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-begin-anew': TvBeginAnew
  }
}
