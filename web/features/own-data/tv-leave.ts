import { html, nothing, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { Crown, FileArchive } from 'lucide'
import { bridge } from '../../bridge.ts'
import { confirmFirst } from '../../confirm.ts'
import { TvElement, Use } from '../../element.ts'
import { otherPeople } from '../../faces.ts'
import { paths } from '../../router.ts'
import { $me, $people } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { actionButton, textField } from '../../ui/parts.ts'
import { $dataWords } from '../../words/own-data.ts'
import '../recovery/tv-secret-field.ts'

/** Deletes one's account, after saying plainly what goes and what stays. */
@customElement('tv-leave')
export class TvLeave extends TvElement {
  @state() private name = ''
  @state() private secret = ''
  @state() private isNameWrong = false
  private readonly me = new Use(this, $me)
  private readonly words = new Use(this, $dataWords)
  private readonly leaving = new Submission(this)

  constructor() {
    super()
    new Use(this, $people)
  }

  override render() {
    const others = otherPeople()
    const isLastHost = this.me.value?.role === 'host' && !others.some(({ role }) => role === 'host')
    return isLastHost && others.length > 0 ? this.lastHost() : this.form(others.length === 0)
  }

  private lastHost(): TemplateResult {
    const words = this.words.value
    return html`<div class="card p-5"><div class="flex gap-4"><span class="tile">${icon(Crown)}</span><div><h2 class="row-title">${words.lastHost}</h2><p class="row-text mt-0.5">${words.lastHostText}</p></div></div>
      <a class="btn btn-primary btn-action mt-5" href=${paths.people}>${words.lastHostDo}</a></div>`
  }

  private form(isAlone: boolean): TemplateResult {
    const words = this.words.value
    const list = (title: string, lines: string[]) =>
      html`<h2 class="field-label mt-5 first:mt-0">${title}</h2><ul class="grid list-disc gap-1.5 ps-5 text-sm leading-5">${lines.map((line) => html`<li>${line}</li>`)}</ul>`
    return html`<section class="card p-5">
        ${list(words.leaveGoes, [words.leaveGoes1, words.leaveGoes2, words.leaveGoes3])}
        ${list(words.leaveStays, [words.leaveStays1, words.leaveStays2, words.leaveStays3])}
        <p class="mt-5 text-sm leading-5 font-medium">${words.leaveFinal}${isAlone ? html` ${words.alone}` : nothing}</p>
        <a class="btn btn-secondary btn-action mt-4" href=${paths.setting('data')}>${icon(FileArchive)}${words.leaveTakeFirst}</a>
      </section>
      ${this.proof()}`
  }

  private proof(): TemplateResult {
    const words = this.words.value
    const signInName = this.me.value?.signInName ?? ''
    const takeSecret = (event: CustomEvent<string>) => {
      this.secret = event.detail
    }
    const field = textField({
      id: 'leave-name',
      label: words.leaveName({ name: signInName }),
      value: this.name,
      maxLength: 64,
      isRequired: true,
      problem: this.isNameWrong ? words.leaveNameWrong : null,
      change: (value) => {
        this.name = value
        this.isNameWrong = false
      },
    })
    const { isBusy, problem } = this.leaving
    const isDisabled = !this.secret.trim() || !this.name.trim()
    return html`<form class="card mt-4 grid gap-5 p-5" @submit=${this.leave}>
      ${field}
      <div><tv-secret-field name="leave" .value=${this.secret} .problem=${problem} @secret=${takeSecret}></tv-secret-field></div>
      <div>${actionButton({ text: words.leaveDo, isBusy, isDisabled, classes: 'btn-error' })}${isBusy ? html`<p class="row-text mt-3" role="status">${words.leaveBusy}</p>` : nothing}</div>
    </form>`
  }

  private readonly leave = async (event: Event) => {
    event.preventDefault()
    const words = this.words.value
    this.isNameWrong = this.name.trim().toLowerCase() !== this.me.value?.signInName
    if (this.isNameWrong) return
    const question = { title: words.leaveSure, text: words.leaveSureText, action: words.leaveDo, isDangerous: true }
    if (await confirmFirst(question)) await this.leaving.run(() => bridge.call.leaveHome(this.name, this.secret))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-leave': TvLeave
  }
}
