import { html, type TemplateResult } from 'lit'
import { customElement } from 'lit/decorators.js'
import { TvElement, Use } from '../../element.ts'
import { $router, type RouteName } from '../../router.ts'
import { $phase } from '../../stores.ts'
import './tv-confirm.ts'
import './tv-shell.ts'
import './tv-stopped.ts'
import './tv-toasts.ts'

const outsideRoutes: readonly RouteName[] = ['join', 'setup', 'signIn']

/** The whole page: chooses what to show by where the device stands. */
@customElement('tv-app')
export class TvApp extends TvElement {
  private readonly phase = new Use(this, $phase)
  private readonly route = new Use(this, $router)

  override render() {
    return html`${this.content()}<tv-confirm></tv-confirm><tv-toasts></tv-toasts>`
  }

  private content(): TemplateResult {
    const phase = this.phase.value
    const isWayIn = outsideRoutes.includes(this.route.value?.route ?? 'home')
    switch (phase.name) {
      case 'outside':
        return html`<tv-welcome></tv-welcome>`
      case 'removed':
        return isWayIn ? html`<tv-welcome></tv-welcome>` : html`<tv-stopped .phase=${phase}></tv-stopped>`
      case 'alarm':
        return html`<tv-stopped .phase=${phase}></tv-stopped>`
      default:
        return html`<tv-shell></tv-shell>`
    }
  }
}
