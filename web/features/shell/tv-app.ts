import { html, type TemplateResult } from 'lit'
import { customElement } from 'lit/decorators.js'
import { TvElement, Use } from '../../element.ts'
import { $router } from '../../router.ts'
import { $doorChanges, doorScreen } from '../welcome/door.ts'
import { $doorPhase } from '../welcome/early.ts'
import { loadDoor } from '../welcome/load-door.ts'
import './tv-confirm.ts'
import './tv-shell.ts'
import './tv-stopped.ts'
import './tv-toasts.ts'

/** The whole page: chooses what to show by where the device stands. */
@customElement('tv-app')
export class TvApp extends TvElement {
  private readonly phase = new Use(this, $doorPhase)
  private readonly route = new Use(this, $router)
  private readonly doorChanges = new Use(this, $doorChanges)

  override render() {
    return html`${this.content()}<tv-confirm></tv-confirm><tv-toasts></tv-toasts>`
  }

  private content(): TemplateResult {
    const phase = this.phase.value
    if (doorScreen(phase, this.route.value?.route ?? 'home', this.doorChanges.value)) {
      void loadDoor().then(removeSplash)
      return html`<tv-welcome></tv-welcome>`
    }
    switch (phase.name) {
      case 'removed':
      case 'alarm':
        return html`<tv-stopped .phase=${phase}></tv-stopped>`
      default:
        removeSplash()
        return html`<tv-shell></tv-shell>`
    }
  }
}

/** What the page itself shows until there is something to see. */
function removeSplash(): void {
  document.querySelector('.splash')?.remove()
}
