import type { ReactiveController, ReactiveControllerHost } from 'lit'

/** What the browser's way back does at a step: leaves the page, stays where it is, or goes where the function leads. */
export type WayBack = 'leave' | 'stay' | (() => void)

/** Of two entries of the history the lower is the page's own; whoever stands on it again went back. */
function placeInHistory(): 'base' | 'step' | null {
  const { state } = history as { state: { wizard?: unknown } | null }
  return state?.wizard === 'base' || state?.wizard === 'step' ? state.wizard : null
}

/** Keeps an entry of the browser's history above the page's own, so that going back is told to the wizard first. */
export class StepHistory implements ReactiveController {
  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly wayBack: () => WayBack,
  ) {
    host.addController(this)
  }

  hostConnected(): void {
    addEventListener('popstate', this.wentBack)
  }

  hostDisconnected(): void {
    removeEventListener('popstate', this.wentBack)
  }

  hostUpdated(): void {
    const place = placeInHistory()
    if (this.wayBack() === 'leave' || place === 'step') return
    if (place === null) history.replaceState({ wizard: 'base' }, '')
    history.pushState({ wizard: 'step' }, '')
  }

  private readonly wentBack = () => {
    if (placeInHistory() !== 'base') return
    const way = this.wayBack()
    if (way === 'leave') return history.back()
    if (way !== 'stay') way()
    this.host.requestUpdate()
  }
}
