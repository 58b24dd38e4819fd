import { html } from 'lit'
import { customElement } from 'lit/decorators.js'
import { Unplug } from 'lucide'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { $router } from '../../router.ts'
import { actionButton } from '../../ui/parts.ts'
import { $signInWords, $welcomeWords } from '../../words/welcome.ts'
import { $doorChanges, doorScreen } from './door.ts'
import { $doorPhase } from './early.ts'
import { waitingPage, welcomeFrame, welcomePage } from './frame.ts'
import './tv-blocked.ts'
import './tv-join.ts'
import './tv-setup.ts'
import './tv-sign-in.ts'

/** Everything a person sees before they are inside. */
@customElement('tv-welcome')
export class TvWelcome extends TvElement {
  private readonly phase = new Use(this, $doorPhase)
  private readonly route = new Use(this, $router)
  private readonly changes = new Use(this, $doorChanges)
  private readonly words = new Use(this, $welcomeWords)

  override render() {
    const { value: phase } = this.phase
    const screen = doorScreen(phase, this.route.value?.route ?? 'home', this.changes.value)
    switch (screen) {
      case 'blocked':
        return welcomeFrame({
          content: html`<tv-blocked .obstacle=${this.changes.value.obstacle ?? 'old'}></tv-blocked>`,
        })
      case 'setup':
        return html`<tv-setup></tv-setup>`
      case 'join':
        return html`<tv-join></tv-join>`
      case 'signIn':
        return html`<tv-sign-in></tv-sign-in>`
      default:
        return welcomeFrame({
          content: phase.name === 'outside' ? this.unreachable() : waitingPage(this.words.value.checking),
        })
    }
  }

  // The home has not answered yet, so nobody knows whether it waits for its founder.
  private unreachable() {
    const again = actionButton({
      text: this.words.value.tryAgain,
      classes: 'btn-primary w-full',
      press: () => bridge.call.reconnect(),
    })
    return welcomePage({
      shapes: Unplug,
      title: this.words.value.checking,
      text: $signInWords.get().unreachable,
      actions: again,
    })
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-welcome': TvWelcome
  }
}
