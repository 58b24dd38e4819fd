import { createHash } from 'node:crypto'
import { chooseLanguage, type PlainLanguage, type PlainWords, plainWords } from './plain-page-words.ts'

const styles = `
:root{color-scheme:light dark;--back:#f8f7f4;--card:#fff;--ink:#172229;--soft:#58646b;--line:#e5e4df;--lead:#00727f;--on:#f8fdfd}
@media (prefers-color-scheme:dark){:root{--back:#0d1419;--card:#141c22;--ink:#e7ecee;--soft:#99a7ad;--line:#232c31;--lead:#52c8cf;--on:#001d24}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:1.0625rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:36rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.75rem;line-height:1.25;letter-spacing:-.02em;margin:1.25rem 0 .5rem}
h2{font-size:1.125rem;margin:2.25rem 0 .5rem}
p{margin:.5rem 0}.soft{color:var(--soft)}
svg{width:3.5rem;height:3.5rem;display:block}
.go{display:block;margin:1.5rem 0;padding:.875rem 1.25rem;border-radius:999px;background:var(--lead);color:var(--on);text-align:center;text-decoration:none;font-weight:600}
a{color:var(--lead)}a:focus-visible,summary:focus-visible{outline:2px solid var(--lead);outline-offset:3px}
details{background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:.25rem 1rem;margin:.5rem 0}
summary{cursor:pointer;font-weight:600;padding:.625rem 0}
ol{margin:.25rem 0 1rem;padding-inline-start:1.25rem}li{margin:.375rem 0}
.address{overflow-wrap:anywhere}`

const stylesHash = `sha256-${createHash('sha256').update(styles).digest('base64')}`
export const plainPagePolicy = [
  "default-src 'none'",
  `style-src '${stylesHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const icon = `<svg viewBox="0 0 512 512" aria-hidden="true"><rect width="512" height="512" rx="124" fill="#00727f"/><path fill="#fff" fill-rule="evenodd" d="M256 108c-90 0-156 60-156 140 0 42 18 78 48 103l-13 57c-2 10 8 18 17 13l62-33c13 3 27 5 42 5 90 0 156-62 156-145s-66-140-156-140ZM256 330c-5 0-9-2-13-5-43-36-69-60-69-93 0-25 19-44 43-44 15 0 29 7 39 20 10-13 24-20 39-20 24 0 43 19 43 44 0 33-26 57-69 93-4 3-8 5-13 5Z"/></svg>`

export type PlainVisit = { secureUrl: string | null; offersCertificate: boolean; acceptLanguage: string | null }

/** What a visitor over plain HTTP sees: why there is a warning ahead, and how to be rid of it for good. */
export function renderPlainPage({ secureUrl, offersCertificate, acceptLanguage }: PlainVisit): Response {
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': plainPagePolicy,
    'Cache-Control': 'no-store',
    Vary: 'Accept-Language',
  }
  const language = chooseLanguage(acceptLanguage)
  const words = plainWords(language)
  const content = secureUrl ? renderWay(words, secureUrl, offersCertificate) : renderNoWay(words)
  return new Response(renderDocument(language, content), { headers })
}

function renderNoWay({ noWayTitle, noWay, noWayNext }: PlainWords): string {
  return `<h1>${noWayTitle}</h1>
<p>${noWay}</p>
<p>${noWayNext}</p>`
}

function renderWay(words: PlainWords, secureUrl: string, offersCertificate: boolean): string {
  const url = escapeHtml(secureUrl)
  return `<h1>${words.wayTitle}</h1>
<p>${words.way}</p>
<a class="go" href="${url}">${words.go} <span class="address">${url}</span></a>
${offersCertificate ? renderTrust(words) : ''}`
}

function renderTrust({ warning, trustTitle, trust, platforms }: PlainWords): string {
  const sections = platforms.map(
    ({ name, steps }) =>
      `<details><summary>${name}</summary><ol>${steps.map((step) => `<li>${step}</li>`).join('')}</ol></details>`,
  )
  return `<p class="soft">${warning}</p>
<h2>${trustTitle}</h2>
<p class="soft">${trust}</p>
${sections.join('\n')}`
}

function renderDocument(language: PlainLanguage, content: string): string {
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<title>TralliValli</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<style>${styles}</style>
</head>
<body><main>${icon}
${content}
</main></body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
