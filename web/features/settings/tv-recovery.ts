import { html, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { LifeBuoy, ShieldCheck } from 'lucide'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { $me } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { say } from '../../toasts.ts'
import { icon } from '../../ui/icon.ts'
import { actionButton, problemLine, textField } from '../../ui/parts.ts'
import { $settingsWords } from '../../words/settings.ts'

/** Whether one has one's recovery kit, proved by its last group. */
@customElement('tv-recovery')
export class TvRecovery extends TvElement {
  @state() private lastGroup = ''
  @state() private isWrong = false
  private readonly me = new Use(this, $me)
  private readonly words = new Use(this, $settingsWords)
  private readonly checking = new Submission(this)

  override render() {
    const words = this.words.value
    return html`<p class="text-pretty">${words.kitIntro}</p>${this.me.value?.isKitConfirmed ? this.confirmed() : this.question()}`
  }

  private confirmed(): TemplateResult {
    const words = this.words.value
    return html`<div class="card mt-6 flex gap-4 p-5"><span class="tile">${icon(ShieldCheck)}</span><div><h2 class="row-title">${words.kitConfirmed}</h2><p class="row-text mt-0.5">${words.kitConfirmedText}</p></div></div>`
  }

  private question(): TemplateResult {
    const words = this.words.value
    const field = textField({
      id: 'kit-group',
      label: words.kitGroup,
      value: this.lastGroup,
      maxLength: 16,
      isRequired: true,
      problem: this.isWrong ? words.kitWrong : null,
      change: (value) => {
        this.lastGroup = value
        this.isWrong = false
      },
    })
    return html`<div class="card mt-6 p-5">
      <div class="flex gap-4"><span class="tile">${icon(LifeBuoy)}</span><div><h2 class="row-title">${words.kitOpen}</h2><p class="row-text mt-0.5">${words.kitOpenText}</p></div></div>
      <form class="mt-5 grid gap-4" @submit=${this.check}>${field}<div>${actionButton({ text: words.kitCheck, isBusy: this.checking.isBusy, isDisabled: !this.lastGroup.trim() })}${problemLine(this.checking.problem)}</div></form>
    </div>`
  }

  private readonly check = async (event: Event) => {
    event.preventDefault()
    const outcome = await this.checking.run(() => bridge.call.confirmKit(this.lastGroup.trim()))
    if (!outcome.isDone) return
    this.isWrong = !outcome.value
    if (outcome.value) say(this.words.value.kitRight)
  }
}
