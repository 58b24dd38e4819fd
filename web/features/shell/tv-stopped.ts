import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { LogOut, ShieldAlert } from 'lucide'
import type { AlarmView, Phase } from '../../../src/client/api.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { nameOf } from '../../faces.ts'
import { paths } from '../../router.ts'
import { type IconShapes, icon } from '../../ui/icon.ts'
import { actionButton } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $settingsWords } from '../../words/settings.ts'
import { dateAndTime } from '../../words/time.ts'
import { signOut } from '../settings/sign-out.ts'

type StoppedPhase = Extract<Phase, { name: 'removed' | 'alarm' }>

/** Shown instead of everything when this device may not, or must not, go on; says why and what to do. */
@customElement('tv-stopped')
export class TvStopped extends TvElement {
  @property({ attribute: false }) phase!: StoppedPhase
  private readonly words = new Use(this, $appWords)

  override render() {
    return this.phase.name === 'removed' ? this.removed(this.phase.reason) : this.alarm(this.phase.alarm)
  }

  private frame(shapes: IconShapes, classes: string, title: string, content: TemplateResult): TemplateResult {
    return html`<main class="grid h-full overflow-y-auto bg-base-100 px-5 py-10"><div class="m-auto w-full max-w-[30rem]">
      <span class="tile ${classes} size-14! rounded-[1.25rem]!">${icon(shapes, 'text-2xl')}</span>
      <h1 class="mt-5 text-[1.75rem] leading-9 font-bold tracking-tight text-balance">${title}</h1>${content}
    </div></main>`
  }

  private removed(reason: Extract<Phase, { name: 'removed' }>['reason']): TemplateResult {
    const words = this.words.value
    const titles = {
      signed_out: words.removedSignedOut,
      device_removed: words.removedDevice,
      began_anew: words.removedAnew,
      account_gone: words.removedAccount,
      left: words.removedLeft,
    }
    const isGone = reason === 'account_gone' || reason === 'left'
    const texts = {
      account_gone: words.removedAccountText,
      began_anew: words.removedAnewText,
      left: words.removedLeftText,
    }
    const text = reason in texts ? texts[reason as keyof typeof texts] : words.removedText
    const signIn = html`<a class="btn btn-primary btn-action mt-8 w-full" href=${paths.signIn}>${words.signInAgain}</a>`
    return this.frame(
      LogOut,
      '',
      titles[reason],
      html`<p class="mt-2 leading-6 text-pretty text-muted">${text}</p>${isGone ? nothing : signIn}`,
    )
  }

  private alarm({ kind, personId, detail, at }: AlarmView): TemplateResult {
    const words = this.words.value
    const content = html`<p class="mt-2 leading-6 text-pretty text-muted">${words.alarmText}</p>
      <section class="mt-6 rounded-2xl bg-base-200 p-5">
        <h2 class="row-title">${words.alarmWhat}</h2>
        <p class="mt-1">${words[`alarm_${kind}`]}</p>
        ${personId ? html`<p class="mt-1">${words.alarmPerson({ name: nameOf(personId) })}</p>` : nothing}
        <p class="row-text mt-1">${words.alarmWhen({ date: dateAndTime(at) })}</p>
        <details class="mt-3 text-sm"><summary class="min-h-6 text-muted">${words.alarmDetail}</summary><pre class="mt-2 overflow-x-auto text-xs whitespace-pre-wrap" dir="ltr">${kind}: ${detail}</pre></details>
      </section>
      <p class="mt-6 leading-6 font-medium">${words.alarmNext}</p>
      <div class="mt-6 flex flex-wrap gap-2">${actionButton({ text: words.checkAgain, press: () => bridge.call.reconnect() })}${actionButton({ text: $settingsWords.get().signOut, classes: 'btn-ghost', press: signOut })}</div>`
    return this.frame(ShieldAlert, 'danger', words.alarmTitle, content)
  }
}
