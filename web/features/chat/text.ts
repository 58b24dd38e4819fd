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

const emojiAlone = /^(?:\p{RGI_Emoji}\s*){1,3}$/v

/** One to three emoji and nothing else are shown large. */
export function isJumbo(text: string): boolean {
  return text.length <= 40 && emojiAlone.test(text.trim())
}
