import { TvElement } from '../../element.ts'

/** A welcome element that shows one screen after another: each new one begins at its top, with the focus on its title. */
export abstract class WelcomeScreen extends TvElement {
  private shownScreen: string | null = null

  /** Names the screen on show; a change of it is a new screen. */
  protected abstract get screen(): string

  protected override updated(): void {
    if (this.shownScreen === this.screen) return
    const title = this.querySelector<HTMLElement>('[data-pane-title]')
    if (!title) return
    this.shownScreen = this.screen
    this.closest('[data-welcome-main]')?.scrollTo(0, 0)
    document.title = `${title.textContent?.trim()} · TralliValli`
    title.focus({ preventScroll: true })
  }

  /** Puts the focus where the problem is. */
  protected async focusField(id: string): Promise<void> {
    await this.updateComplete
    this.querySelector<HTMLElement>(`#${id}`)?.focus()
  }

  protected tell<Detail>(name: string, detail?: Detail): void {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
