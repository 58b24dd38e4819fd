import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { TvElement } from '../element.ts'

/** A code to scan, always dark on white. */
@customElement('tv-qr')
export class TvQr extends TvElement {
  @property() text = ''
  @property({ attribute: false }) bytes: Uint8Array | null = null
  @property() label = ''
  @state() private modules: boolean[][] = []

  override render() {
    const size = this.modules.length
    if (!size) return html`<div class="skeleton aspect-square w-full"></div>`
    return html`<div class="rounded-2xl bg-white p-3 shadow-bubble"><svg class="block w-full" viewBox="0 0 ${size} ${size}" role="img" aria-label=${this.label || nothing} shape-rendering="crispEdges"><path class="fill-black" d=${outline(this.modules)} /></svg></div>`
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('text') || changed.has('bytes')) void this.encode()
  }

  private async encode(): Promise<void> {
    const { text, bytes } = this
    if (!text && !bytes) return
    const { encodeQR } = await import('qr')
    // The library takes text alone; one byte a letter is how bytes are spelt in it.
    const modules = bytes
      ? encodeQR(String.fromCharCode(...bytes), 'raw', {
          encoding: 'byte',
          ecc: 'medium',
          border: 1,
          textEncoder: () => bytes,
        })
      : encodeQR(text, 'raw', { ecc: 'medium', border: 1 })
    if (text === this.text && bytes === this.bytes) this.modules = modules
  }
}

function outline(modules: boolean[][]): string {
  return modules.map((line, y) => line.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('')
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-qr': TvQr
  }
}
