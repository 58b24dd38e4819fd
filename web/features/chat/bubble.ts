import { html, nothing, type TemplateResult } from 'lit'
import { guard } from 'lit/directives/guard.js'
import { CircleAlert, Hourglass, Timer } from 'lucide'
import type { MessageView } from '../../../src/client/api.ts'
import { faceOf, hueOf, nameOf } from '../../faces.ts'
import { noticeText } from '../../notices.ts'
import { ticks } from '../../ticks.ts'
import { avatar, hueClass } from '../../ui/avatar.ts'
import { icon } from '../../ui/icon.ts'
import { $chatWords } from '../../words/chat.ts'
import { $lastingWords, durationName } from '../../words/lasting.ts'
import { clockTime } from '../../words/time.ts'
import type { Row } from './rows.ts'
import { isJumbo, linked } from './text.ts'

export type RowContext = {
  isGroup: boolean
  /** Messages sent after this moment appear with a movement. */
  openedAt: number
  retry(message: MessageView): void
  discard(message: MessageView): void
}

/** One row of a thread: a bubble or a notice. Drawn anew only when something that shows in it changed. */
export function messageRow(row: Row, context: RowContext): TemplateResult {
  const { message, isFirst, isLast } = row
  if (message.kind === 'notice') return noticeRow(message)
  const name = nameOf(message.senderId)
  const face = faceOf(message.senderId)
  const shownAgainWhen = [message, isFirst, isLast, name, face.photo, face.hue, context.isGroup, $chatWords.get()]
  return html`${guard(shownAgainWhen, () => messageArticle(row, name, context))}`
}

function noticeRow({ notice, messageId }: MessageView): TemplateResult {
  return html`<div class="my-1.5 flex justify-center" data-message=${messageId}><span class="chip !font-normal">${notice ? noticeText(notice) : nothing}</span></div>`
}

function messageArticle({ message, isFirst, isLast }: Row, name: string, context: RowContext): TemplateResult {
  const { isOwn, messageId, senderId, sentAt } = message
  const classes = `${isOwn ? 'own' : ''} ${isFirst ? 'first' : ''} ${isLast ? 'last' : ''}`
  const isNew = isLast && sentAt > context.openedAt
  const showsSender = context.isGroup && !isOwn
  return html`<article
    class="message ${classes} ${hueClass(hueOf(senderId))} ${isNew ? 'pop-in' : ''}"
    aria-label="${isOwn ? $chatWords.get().you : name}, ${clockTime(sentAt)}"
    data-message=${messageId}
  >
    ${showsSender ? html`<span class="w-8 flex-none self-end">${isLast ? avatar(faceOf(senderId), 'xs') : nothing}</span>` : nothing}
    <div class="flex max-w-[min(82%,72%+4.2rem)] min-w-0 flex-col ${isOwn ? 'items-end' : 'items-start'}">
      ${bubble(message, showsSender && isFirst ? name : null)}
      ${message.state === 'failed' ? failedLine(message, context) : nothing}
    </div>
  </article>`
}

function bubble(message: MessageView, sender: string | null): TemplateResult {
  const { kind, text } = message
  const classes = kind !== 'text' ? 'quiet' : isJumbo(text) ? 'jumbo' : ''
  const heading = sender
    ? html`<div class="mb-px text-[.8125rem] leading-[1.125rem] font-semibold text-(--who)" dir="auto">${sender}</div>`
    : nothing
  return html`<div class="bubble ${classes}">${heading}${kind === 'text' ? html`<span class="bubble-text" dir="auto">${linked(text)}</span>` : placeholder(message)}${meta(message)}</div>`
}

function meta({ sentAt, isOwn, state, expirySeconds }: MessageView): TemplateResult {
  const time = new Date(sentAt).toISOString()
  return html`<span class="meta">${expirySeconds ? clock(expirySeconds) : nothing}<time datetime=${time}>${clockTime(sentAt)}</time>${isOwn && state ? ticks(state) : nothing}</span>`
}

/** Small, but said: this one will not stay. */
function clock(expirySeconds: number): TemplateResult {
  const label = $lastingWords.get().bubble({ duration: durationName(expirySeconds) })
  return html`<span title=${label}><span class="sr-only">${label}</span>${icon(Timer, 'size-3.5')}</span>`
}

function placeholder({ kind, reason }: MessageView): TemplateResult {
  const isWaiting = kind === 'waiting'
  return html`<span class="inline-flex gap-1.5">${icon(isWaiting ? Hourglass : CircleAlert, 'mt-1 size-4')}<span>${isWaiting ? waitingText(reason) : unreadableText(reason)}</span></span>`
}

/** Why it is not there, and what helps. */
function waitingText(reason: string | null): string {
  const words = $chatWords.get()
  if (reason === 'stale') return words.waitingStale
  return reason === 'damaged' ? words.waitingDamaged : words.waiting
}

function unreadableText(reason: string | null): string {
  const words = $chatWords.get()
  return reason === 'unsupported' ? words.unsupported : words.unreadable
}

function failedLine(message: MessageView, context: RowContext): TemplateResult {
  const words = $chatWords.get()
  const button = 'min-h-8 px-2 font-semibold underline underline-offset-2 pointer-coarse:min-h-11'
  return html`<div class="mt-1 flex flex-wrap items-center justify-end gap-x-1 text-[.8125rem] text-error">
    ${icon(CircleAlert, 'size-4')}<span>${words.failedNext}</span>
    <button type="button" class=${button} @click=${() => context.retry(message)}>${words.retry}</button>
    <button type="button" class=${button} @click=${() => context.discard(message)}>${words.discard}</button>
  </div>`
}
