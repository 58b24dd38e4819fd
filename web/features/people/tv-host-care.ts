import { html, type TemplateResult } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { Crown, UserX } from 'lucide'
import type { Person } from '../../../src/client/api.ts'
import { bridge } from '../../bridge.ts'
import { confirmFirst } from '../../confirm.ts'
import { TvElement, Use } from '../../element.ts'
import { attempt } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { $careWords } from '../../words/own-data.ts'

/** What a host may do about somebody: make them host, or a member again, or close their account. */
@customElement('tv-host-care')
export class TvHostCare extends TvElement {
  @property({ attribute: false }) person!: Person
  private readonly words = new Use(this, $careWords)

  override render(): TemplateResult {
    const words = this.words.value
    const isHost = this.person.role === 'host'
    return html`<section class="card p-2" aria-labelledby="care-title">
      <h2 class="px-3 pt-2 pb-1 text-base font-semibold" id="care-title">${words.title}</h2>
      <button type="button" class="row" @click=${this.changeRole}><span class="tile">${icon(Crown)}</span><span class="row-title">${isHost ? words.makeMember : words.makeHost}</span></button>
      <button type="button" class="row text-error" @click=${this.close}><span class="tile danger">${icon(UserX)}</span><span class="row-title">${words.close}</span></button>
    </section>`
  }

  private readonly changeRole = async () => {
    const words = this.words.value
    const { accountId, name, role } = this.person
    const isHost = role === 'host'
    const question = {
      title: isHost ? words.makeMemberTitle({ name }) : words.makeHostTitle({ name }),
      text: isHost ? words.makeMemberText({ name }) : words.makeHostText({ name }),
      action: isHost ? words.makeMember : words.makeHost,
      isDangerous: isHost,
    }
    if (!(await confirmFirst(question))) return
    const set = () => bridge.call.setRole(accountId, isHost ? 'member' : 'host')
    await attempt(set, isHost ? words.madeMember : words.madeHost)
  }

  private readonly close = async () => {
    const words = this.words.value
    const { accountId, name } = this.person
    const question = {
      title: words.closeTitle({ name }),
      text: words.closeText({ name }),
      action: words.close,
      isDangerous: true,
    }
    if (await confirmFirst(question)) await attempt(() => bridge.call.removePerson(accountId), words.closed({ name }))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-host-care': TvHostCare
  }
}
