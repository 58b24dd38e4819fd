import { toBase64Url } from '../protocol/ids.ts'
import type { ExportWords } from './own-data-api.ts'

/** A line of a conversation as the page shows it; everything in it is plain text. */
export type PageLine =
  | { kind: 'text'; name: string; isOwn: boolean; at: number; text: string; note: string }
  | { kind: 'notice'; at: number; sentence: Sentence }
/** Words with people's own words put in: `template` has {name}, `values` what stands there. */
export type Sentence = { template: string; values: { [name: string]: string } }
export type PageFace = { name: string; note: string; photo: Uint8Array | null }
export type ConversationPage = {
  title: string
  faces: PageFace[]
  lines: PageLine[]
  page: number
  hasNext: boolean
  note: string
}
export type IndexPage = {
  intro: Sentence
  conversations: { title: string; address: string; count: string; note: string }[]
  faces: PageFace[]
}

const escapes: { [letter: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these may not stand in a page
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g

/** Text as it may stand between tags and in quoted attributes, and never be anything but text. */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replace(unprintable, '\ufffd')
    .replace(/[&<>"']/g, (letter) => escapes[letter]!)
}

/** The kind of picture by its first bytes; null for anything else. */
export function pictureKind(bytes: Uint8Array): 'jpeg' | 'png' | 'webp' | null {
  const starts = (at: number, ...wanted: number[]) => wanted.every((byte, index) => bytes[at + index] === byte)
  if (starts(0, 0xff, 0xd8, 0xff)) return 'jpeg'
  if (starts(0, 0x89, 0x50, 0x4e, 0x47)) return 'png'
  return starts(0, 0x52, 0x49, 0x46, 0x46) && starts(8, 0x57, 0x45, 0x42, 0x50) ? 'webp' : null
}

// Nothing is loaded and nothing runs, whatever somebody once wrote.
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
const style = `:root{color-scheme:light dark;--ink:#172229;--soft:#58646b;--paper:#fff;--own:#e3f1ec;--other:#f0f2f4;--line:#d7dcdf}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf0;--soft:#a3afb6;--paper:#12191d;--own:#173b32;--other:#202a30;--line:#34414a}}
*{box-sizing:border-box}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:2rem 1.25rem 4rem;color:var(--ink);background:var(--paper)}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .5rem}h2{font-size:1rem;margin:2rem 0 .75rem}a{color:inherit}
.soft,time{color:var(--soft);font-size:.875rem}.day{text-align:center}ul{list-style:none;padding:0;margin:0}li{padding:.4rem 0}
article{max-width:85%;width:fit-content;margin:.5rem 0;padding:.5rem .8rem;border-radius:1rem;background:var(--other);break-inside:avoid}
article.own{margin-inline-start:auto;background:var(--own)}article header{display:flex;gap:.6rem;align-items:baseline}
article p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}.notice{text-align:center;color:var(--soft);font-size:.875rem}
.faces{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;margin:1rem 0}.faces li{display:flex;align-items:center;gap:.5rem;padding:0}
.faces img{width:2rem;height:2rem;border-radius:50%;object-fit:cover}nav{display:flex;gap:1.25rem;margin:1.5rem 0;border-block:1px solid var(--line);padding:.6rem 0}
@media print{body{max-width:none;padding:0;color:#000;background:#fff}nav{display:none}article{border:1px solid #bbb;background:none}}`

/** One page of one conversation, whole in itself: no script, nothing to load, good to print. */
export function renderConversation(words: ExportWords, view: ConversationPage): string {
  const { title, faces, lines, page, hasNext, note } = view
  const names = [
    page > 1 ? [pageName(page - 1), words.previous] : null,
    hasNext ? [pageName(page + 1), words.next] : null,
  ]
  const links = names
    .filter((link) => link !== null)
    .map(([file, text]) => `<a href="${file}">${escapeHtml(text!)}</a>`)
  const nav = `<nav><a href="../../index.html">${escapeHtml(words.back)}</a>${links.join('')}</nav>`
  const number =
    page > 1 || hasNext ? `<p class="soft">${escapeHtml(fill(words.page, { page: String(page) }))}</p>` : ''
  const body = lines.length > 0 ? renderLines(words, lines) : `<p class="notice">${escapeHtml(words.empty)}</p>`
  const end = note ? `<p class="notice">${escapeHtml(note)}</p>` : ''
  return frame(words, title, `${renderFaces(faces)}${number}${nav}<main>${body}${end}</main>${nav}`)
}

/** Where one begins: every conversation and everybody. */
export function renderIndex(words: ExportWords, { intro, conversations, faces }: IndexPage): string {
  const rows = conversations.map(
    ({ title, address, count, note }) =>
      `<li><a href="${escapeHtml(encodeURI(address))}"><bdi>${escapeHtml(title)}</bdi></a> <span class="soft">${escapeHtml([count, note].filter(Boolean).join(' · '))}</span></li>`,
  )
  const list = `<h2>${escapeHtml(words.conversations)}</h2><ul>${rows.join('')}</ul>`
  return frame(
    words,
    words.title,
    `<p>${renderSentence(intro)}</p><main>${list}<h2>${escapeHtml(words.people)}</h2>${renderFaces(faces)}</main>`,
  )
}

export function pageName(page: number): string {
  return `page-${String(page).padStart(3, '0')}.html`
}

function frame({ language, direction }: ExportWords, title: string, content: string): string {
  const name = escapeHtml(title)
  return `<!doctype html>
<html lang="${escapeHtml(language)}" dir="${direction === 'rtl' ? 'rtl' : 'ltr'}"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer"><title>${name}</title><style>${style}</style></head>
<body><h1 dir="auto">${name}</h1>${content}</body></html>
`
}

function renderFaces(faces: readonly PageFace[]): string {
  const rows = faces.map(({ name, note, photo }) => {
    const kind = photo && pictureKind(photo)
    const image = kind ? `<img alt="" src="data:image/${kind};base64,${toBase64(photo)}">` : ''
    const soft = note ? ` <span class="soft">${escapeHtml(note)}</span>` : ''
    return `<li>${image}<span><bdi>${escapeHtml(name)}</bdi>${soft}</span></li>`
  })
  return `<ul class="faces">${rows.join('')}</ul>`
}

function renderLines({ language, timeZone }: ExportWords, lines: readonly PageLine[]): string {
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeZone })
  const clock = new Intl.DateTimeFormat(language, { timeStyle: 'short', timeZone })
  let today = ''
  return lines
    .map((line) => {
      const date = day.format(line.at)
      const heading = date === today ? '' : `<h2 class="day">${escapeHtml(date)}</h2>\n`
      today = date
      return `${heading}${renderLine(line, clock.format(line.at))}\n`
    })
    .join('')
}

function renderLine(line: PageLine, clock: string): string {
  const time = `<time datetime="${new Date(line.at).toISOString()}">${escapeHtml(clock)}</time>`
  if (line.kind === 'notice') return `<p class="notice">${renderSentence(line.sentence)} ${time}</p>`
  const text = line.text ? `<p dir="auto">${escapeHtml(line.text)}</p>` : ''
  const note = line.note ? `<p class="soft">${escapeHtml(line.note)}</p>` : ''
  const head = `<header><strong><bdi>${escapeHtml(line.name)}</bdi></strong>${time}</header>`
  return `<article${line.isOwn ? ' class="own"' : ''}>${head}${text}${note}</article>`
}

function renderSentence({ template, values }: Sentence): string {
  const put = (whole: string, name: string) =>
    values[name] === undefined ? whole : `<bdi>${escapeHtml(values[name])}</bdi>`
  return escapeHtml(template).replace(/\{(\w+)\}/g, put)
}

/** The same as plain text. */
export function fill(template: string, values: Sentence['values']): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
}

function toBase64(bytes: Uint8Array): string {
  const text = toBase64Url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}
