import { atom } from 'nanostores'

/** The recovery code just made. It lives here until its owner confirmed it, and is written down nowhere by us. */
export const $recoveryCode = atom<string | null>(null)

export type KitFacts = {
  code: string
  name: string
  signInName: string
  homeName: string
  address: string
  madeAt: number
}

/** Groups of four, however it was spelt. */
export function groupCode(code: string): string[] {
  return (
    code
      .replace(/[^a-z0-9]/gi, '')
      .toUpperCase()
      .match(/.{1,4}/g) ?? []
  )
}

export type KitSheet = {
  title: string
  facts: readonly (readonly [string, string])[]
  code: readonly string[]
  qr: string
  how: string
  keep: string
  language: string
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeText = (text: string) => text.replace(/[&<>"']/g, (letter) => escapes[letter]!)

const sheetStyle = `body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1.25rem;color:#172229}h1{font-size:1.75rem}dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1.5rem}dt{color:#58646b}dd{margin:0;font-weight:600}.code{display:grid;grid-template-columns:repeat(auto-fit,minmax(4.5rem,1fr));gap:.5rem;font:600 1.25rem/2 ui-monospace,monospace;text-align:center;border:1px solid #818b91;border-radius:1rem;padding:1rem}svg{width:12rem;display:block;margin:1.5rem 0}`

/** The kit as one file that any browser opens and prints, with nothing to load. */
export function kitFile(sheet: KitSheet): string {
  const facts = sheet.facts.map(([name, value]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd>`).join('')
  const code = sheet.code.map((group) => `<span>${escapeText(group)}</span>`).join(' ')
  const title = escapeText(sheet.title)
  return `<!doctype html><html lang="${sheet.language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${sheetStyle}</style></head><body><h1>${title}</h1><dl>${facts}</dl><p class="code">${code}</p>${sheet.qr}<p>${escapeText(sheet.how)}</p><p><strong>${escapeText(sheet.keep)}</strong></p></body></html>`
}

/** A code to scan as a drawing in text, for the file. */
export async function qrDrawing(text: string): Promise<string> {
  const { encodeQR } = await import('qr')
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: 1 })
  const path = modules.map((line, y) => line.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${modules.length} ${modules.length}" shape-rendering="crispEdges"><path d="${path}"/></svg>`
}

/** Saves text as a file by the browser's own download. */
export function saveFile(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/html' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
