import { html, nothing, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { KeyRound, Printer, RefreshCw, ShieldAlert } from 'lucide'
import type { Strength } from '../../../src/client/api.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { Submission, submit } from '../../submit.ts'
import { say } from '../../toasts.ts'
import { type IconShapes, icon } from '../../ui/icon.ts'
import { actionButton, textField } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $recoveryWords } from '../../words/recovery.ts'
import { $youWords } from '../../words/welcome.ts'
import './tv-secret-field.ts'

type Task = 'passphrase' | 'kit' | 'leak'
const drawings: Record<Task, IconShapes> = { passphrase: KeyRound, kit: Printer, leak: ShieldAlert }

/** Passphrase, kit and root: each opened by a secret one still has. Tells `kit` with a new recovery code. */
@customElement('tv-recovery-care')
export class TvRecoveryCare extends TvElement {
  @state() private task: Task | null = null
  @state() private secret = ''
  @state() private fresh = ''
  @state() private strength: Strength | null = null
  private readonly words = new Use(this, $recoveryWords)
  private readonly working = new Submission(this)

  override render() {
    const words = this.words.value
    const tasks: Task[] = ['passphrase', 'kit', 'leak']
    return html`<h2 class="field-label mt-8">${words.care}</h2>
      <ul class="card grid grid-cols-1 divide-y divide-line">${tasks.map((task) => this.item(task))}</ul>`
  }

  private item(task: Task): TemplateResult {
    const words = this.words.value
    const isOpen = this.task === task
    const open = () => this.open(isOpen ? null : task)
    return html`<li><button type="button" class="row px-4! py-3!" aria-expanded=${isOpen ? 'true' : 'false'} ?disabled=${this.working.isBusy} @click=${open}>
        <span class="tile ${task === 'leak' ? 'danger' : ''}">${icon(drawings[task])}</span>
        <span class="min-w-0 flex-1 text-start"><span class="row-title block">${words[task]}</span><span class="row-text block">${words[`${task}Text`]}</span></span></button>
      ${isOpen ? this.form(task) : nothing}</li>`
  }

  private form(task: Task): TemplateResult {
    const words = this.words.value
    const actions = { passphrase: words.change, kit: words.kitMake, leak: words.leakDo }
    const take = (event: CustomEvent<string>) => {
      this.secret = event.detail
    }
    const isReady = this.secret.trim() !== '' && (task === 'kit' || this.fresh.trim() !== '')
    const submitButton = actionButton({
      text: actions[task],
      isBusy: this.working.isBusy,
      isDisabled: !isReady,
      classes: task === 'leak' ? 'btn-error' : 'btn-primary',
    })
    return html`<form class="grid gap-5 px-4 pt-1 pb-5" @submit=${this.submit}>
      ${task === 'leak' ? html`<p class="text-[.9375rem] leading-5.5 text-pretty">${words.leakLong}</p>` : nothing}
      <tv-secret-field .value=${this.secret} .problem=${this.working.problem} @secret=${take}></tv-secret-field>
      ${task === 'kit' ? nothing : this.freshField()}
      <div class="flex flex-wrap items-center gap-2">${submitButton}<button type="button" class="btn btn-ghost btn-action" ?disabled=${this.working.isBusy} @click=${() => this.open(null)}>${$appWords.get().cancel}</button></div>
      ${this.working.isBusy ? html`<p class="row-text" role="status">${words.busy}</p>` : nothing}</form>`
  }

  private freshField(): TemplateResult {
    const words = this.words.value
    const field = textField({
      id: 'fresh-passphrase',
      label: words.fresh,
      hint: words.freshHint,
      value: this.fresh,
      autocomplete: 'new-password',
      isRequired: true,
      change: (value) => void this.setFresh(value),
    })
    const score = this.strength?.score
    const meter =
      score === undefined
        ? nothing
        : html`<p class="field-hint" role="status">${$youWords.get()[`strength_${score}`]}</p>`
    return html`<div>${field}${meter}<button type="button" class="btn btn-ghost mt-1 h-11 rounded-full px-4 text-sm text-primary" @click=${this.propose}>${icon(RefreshCw)}${words.propose}</button></div>`
  }

  private readonly propose = async () => {
    const outcome = await submit(() => bridge.call.proposePassphrase())
    if (outcome.isDone) await this.setFresh(outcome.value)
  }

  private async setFresh(text: string): Promise<void> {
    this.fresh = text
    const outcome = text ? await submit(() => bridge.call.estimatePassphrase(text)) : null
    if (this.fresh === text) this.strength = outcome?.isDone ? outcome.value : null
  }

  private open(task: Task | null): void {
    this.task = task
    this.secret = ''
    this.fresh = ''
    this.strength = null
    this.working.problem = null
  }

  private readonly submit = async (event: Event) => {
    event.preventDefault()
    const { task, secret, fresh } = this
    const outcome = await this.working.run(async () => {
      if (task === 'kit') return bridge.call.makeNewKit(secret)
      if (task === 'leak') return bridge.call.replaceRoot(secret, fresh)
      await bridge.call.changePassphrase(secret, fresh)
      return null
    })
    if (!outcome.isDone) return
    this.open(null)
    if (outcome.value === null) say(this.words.value.passphraseDone)
    else this.dispatchEvent(new CustomEvent('kit', { detail: outcome.value.recoveryCode }))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-recovery-care': TvRecoveryCare
  }
}
