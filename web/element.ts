import { LitElement, type ReactiveController, type ReactiveControllerHost } from 'lit'
import type { ReadableAtom } from 'nanostores'

/** Light DOM everywhere: one style sheet, and labels, ids and focus work across elements. */
export abstract class TvElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this
  }
}

/** Renders its host again whenever the store changes. A function is asked for the store when the host is connected. */
export class Use<T> implements ReactiveController {
  private stop: (() => void) | null = null

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly source: ReadableAtom<T> | (() => ReadableAtom<T>),
  ) {
    host.addController(this)
  }

  get value(): T {
    return this.store.get()
  }

  hostConnected(): void {
    this.stop = this.store.listen(() => this.host.requestUpdate())
    this.host.requestUpdate()
  }

  hostDisconnected(): void {
    this.stop?.()
    this.stop = null
  }

  private get store(): ReadableAtom<T> {
    return typeof this.source === 'function' ? this.source() : this.source
  }
}
