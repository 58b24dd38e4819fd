/** Keeps a scrolled view steady while rows above and below it come and go. */
export class ScrollKeeper {
  /** The reader is at the end, and stays there when something grows. */
  isStuck = true
  private view: HTMLElement | null = null
  private rowSelector = ''
  private lastTop = 0
  private anchor: { row: Element; top: number } | null = null
  private observer: ResizeObserver | null = null

  get isAttached(): boolean {
    return this.view !== null
  }

  attach(view: HTMLElement, rowSelector: string): void {
    this.view = view
    this.rowSelector = rowSelector
    this.observer = new ResizeObserver(() => {
      if (this.isStuck) this.toBottom()
    })
    this.observer.observe(view)
    this.observer.observe(view.firstElementChild!)
  }

  stop(): void {
    this.observer?.disconnect()
    this.observer = null
    this.view = null
  }

  get distanceToTop(): number {
    return this.view?.scrollTop ?? 0
  }

  get distanceToBottom(): number {
    return this.view ? this.view.scrollHeight - this.view.scrollTop - this.view.clientHeight : 0
  }

  toBottom(): void {
    if (!this.view) return
    this.isStuck = true
    this.view.scrollTop = this.view.scrollHeight
    this.lastTop = this.view.scrollTop
  }

  /** After a scroll: only who moved up left the end. What grew below since is caught up with. */
  follow(hasMoreBelow: boolean): void {
    const top = this.distanceToTop
    const isAtEnd = this.distanceToBottom < 4
    const hasMovedUp = top < this.lastTop - 1
    this.lastTop = top
    if (hasMoreBelow) this.isStuck = false
    else if (isAtEnd) this.isStuck = true
    else if (hasMovedUp) this.isStuck = false
    else if (this.isStuck) this.toBottom()
  }

  bringToThird(element: HTMLElement): void {
    if (!this.view) return
    const offset = element.getBoundingClientRect().top - this.view.getBoundingClientRect().top
    this.view.scrollTop += offset - this.view.clientHeight / 3
    this.isStuck = this.distanceToBottom < 4
  }

  /** Before the rows change: which one stands first in the view, and where. Safari has anchored by itself only since 27. */
  remember(): void {
    this.anchor = null
    if (!this.view) return
    // The reader moved, and the event that says so is still to come.
    if (this.isStuck && this.distanceToTop < this.lastTop - 1 && this.distanceToBottom >= 4) this.isStuck = false
    if (this.isStuck) return
    const top = this.view.getBoundingClientRect().top
    const row = this.firstRow((rectangle) => rectangle.bottom > top + 1)
    if (row) this.anchor = { row, top: row.getBoundingClientRect().top }
  }

  /** After the rows changed: that row is where it was. */
  restore(): void {
    if (this.isStuck) this.toBottom()
    else this.restoreAnchor()
  }

  private restoreAnchor(): void {
    if (!this.view || !this.anchor?.row.isConnected) return
    const moved = this.anchor.row.getBoundingClientRect().top - this.anchor.top
    if (Math.abs(moved) > 0.5) this.view.scrollTop += moved
  }

  lastVisible(): HTMLElement | null {
    if (!this.view) return null
    const bottom = this.view.getBoundingClientRect().bottom
    const rows = this.rows()
    const after = rows.indexOf(this.firstRow((rectangle) => rectangle.bottom > bottom + 1) as HTMLElement)
    return (after < 0 ? rows.at(-1) : rows[after - 1]) ?? null
  }

  private rows(): HTMLElement[] {
    return [...this.view!.querySelectorAll<HTMLElement>(this.rowSelector)]
  }

  // Rows stand one below the other, so halving finds the first that fits.
  private firstRow(fits: (rectangle: DOMRect) => boolean): HTMLElement | null {
    const rows = this.rows()
    let low = 0
    let high = rows.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (fits(rows[middle]!.getBoundingClientRect())) high = middle
      else low = middle + 1
    }
    return rows[low] ?? null
  }
}
