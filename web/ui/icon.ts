import { html, type TemplateResult } from 'lit'
import { unsafeSVG } from 'lit/directives/unsafe-svg.js'

/** As lucide gives its drawings: a list of shapes with their attributes. */
export type IconShapes = readonly (readonly [string, Readonly<Record<string, string | number | undefined>>])[]

const drawn = new WeakMap<IconShapes, string>()

function draw(shapes: IconShapes): string {
  const attributes = (of: object) => Object.entries(of).map(([name, value]) => ` ${name}="${value}"`)
  return shapes.map(([tag, of]) => `<${tag}${attributes(of).join('')}/>`).join('')
}

/** A decorative drawing; what it means stands beside it or in the label of its button. Shapes are constants of the build. */
export function icon(shapes: IconShapes, classes = ''): TemplateResult {
  const known = drawn.get(shapes) ?? draw(shapes)
  drawn.set(shapes, known)
  return html`<svg class="icon ${classes}" viewBox="0 0 24 24" aria-hidden="true">${unsafeSVG(known)}</svg>`
}

export function logo(classes: string): TemplateResult {
  return html`<svg class=${classes} viewBox="0 0 24 24" fill="none" aria-hidden="true"><path d="M4 10.4C4 6.3 7.6 3 12 3s8 3.3 8 7.4-3.6 7.4-8 7.4c-.9 0-1.8-.1-2.6-.4-.4-.1-.8-.1-1.1.1l-2.6 1.6c-.5.3-1.1-.1-1-.7l.4-2.5c.1-.4 0-.8-.3-1.1A7 7 0 0 1 4 10.4Z" fill="currentColor" /><path d="M12 14.2s-3.7-2.1-3.7-4.7c0-1.2.9-2 2-2 .7 0 1.3.3 1.7.9.4-.6 1-.9 1.7-.9 1.1 0 2 .8 2 2 0 2.6-3.7 4.7-3.7 4.7Z" class="fill-(--tv-logo-heart)" /></svg>`
}
