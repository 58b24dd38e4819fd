import { html, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { LifeBuoy, ShieldCheck } from 'lucide'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { $home, $me } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { say } from '../../toasts.ts'
import { icon } from '../../ui/icon.ts'
import { actionButton, problemLine, textField } from '../../ui/parts.ts'
import { $settingsWords } from '../../words/settings.ts'
import '../recovery/tv-recovery-care.ts'
import '../welcome/tv-kit.ts'
import '../welcome/tv-kit-retype.ts'

type NewKit = { code: string; isShown: boolean }

/** Whether one has one's recovery kit, proved by its last group. */
@customElement('tv-recovery')
export class TvRecovery extends TvElement {
  @state() private lastGroup = ''
  @state() private isWrong = false
  @state() private newKit: NewKit | null = null
  private readonly me = new Use(this, $me)
  private readonly words = new Use(this, $settingsWords)
  private readonly checking = new Submission(this)

  override render() {
    const words = this.words.value
    if (this.newKit) return this.showKit(this.newKit)
    const me = this.me.value
    const isSettled = me?.isKitConfirmed && !me.isKitDue
    const take = (event: CustomEvent<string>) => {
      this.newKit = { code: event.detail, isShown: true }
    }
    return html`<p class="text-pretty">${words.kitIntro}</p>${isSettled ? this.confirmed() : this.question()}
      <tv-recovery-care @kit=${take}></tv-recovery-care>`
  }

  /** A kit that was just made: shown once, then asked for. */
  private showKit({ code, isShown }: NewKit): TemplateResult {
    const show = (isKitShown: boolean) => () => {
      this.newKit = { code, isShown: isKitShown }
    }
    const end = () => {
      this.newKit = null
    }
    const me = this.me.value!
    const facts = {
      ...{ code, name: me.name, signInName: me.signInName, homeName: $home.get()?.name ?? '' },
      ...{ address: location.origin, madeAt: Date.now() },
    }
    return html`<div class="card flex flex-col">${isShown ? html`<tv-kit .facts=${facts} @done=${show(false)}></tv-kit>` : html`<tv-kit-retype .hasCode=${true} @again=${show(true)} @done=${end} @skip=${end}></tv-kit-retype>`}</div>`
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
