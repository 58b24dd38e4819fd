import type { ReactiveController, ReactiveControllerHost } from 'lit'
import { type Place, placeKey } from './place.ts'

type Host = ReactiveControllerHost & HTMLElement

/**
 * Moves the focus with the page: into the composer when a chat opens on a desktop, to the title of the pane that was
 * opened otherwise, and back to the row that was left when a phone returns to its list.
 */
export class PaneFocus implements ReactiveController {
  place: Place | null = null
  private former: Place | null = null

  constructor(private readonly host: Host) {
    host.addController(this)
  }

  hostUpdated(): void {
    const { place, former } = this
    this.former = place
    if (!place || !former || placeKey(place) === placeKey(former)) return
    requestAnimationFrame(() => this.move(place, former))
  }

  private move(place: Place, former: Place): void {
    const isWide = matchMedia('(min-width: 48rem)').matches
    const left = former.main?.kind === 'thread' && !place.main ? former.main.id : null
    const row = left ? this.host.querySelector<HTMLElement>(`[data-conversation="${CSS.escape(left)}"]`) : null
    const pane = place.main ? 'main' : 'side'
    const title = this.host.querySelector<HTMLElement>(`[data-pane="${pane}"] [data-pane-title]`)
    const composer =
      place.main?.kind === 'thread' && isWide ? this.host.querySelector<HTMLElement>('tv-composer') : null
    const target = composer ?? row ?? title
    target?.focus({ preventScroll: true })
  }
}
