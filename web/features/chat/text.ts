import { tokenize } from 'linkifyjs'
import { html, type TemplateResult } from 'lit'

type Part = string | TemplateResult

/** A text with its addresses as links. Only web and mail addresses become links, and no text ever becomes markup. */
export function linked(text: string): Part[] {
  return tokenize(text).map((token) => {
    const address = token.isLink ? safeAddress(token.toHref('https')) : null
    if (!address) return token.toString()
    return html`<a href=${address} target="_blank" rel="noopener noreferrer nofollow">${token.toString()}</a>`
  })
}

function safeAddress(address: string): string | null {
  const url = URL.parse?.(address) ?? null
  return url && ['https:', 'http:', 'mailto:'].includes(url.protocol) ? address : null
}

// The exact set (RGI_Emoji) takes tens of milliseconds to compile; this is near enough, and the segmenter counts.
const emojiAlone = /^(?:[\p{Extended_Pictographic}\p{RI}\p{EMod}\s]|\u200d|\ufe0f)+$/u
const segmenter = new Intl.Segmenter()

/** One to three emoji and nothing else are shown large. */
export function isJumbo(text: string): boolean {
  if (text.length > 40 || !emojiAlone.test(text)) return false
  return [...segmenter.segment(text.replaceAll(/\s/g, ''))].length <= 3
}
