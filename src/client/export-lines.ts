import type { AccountId } from '../protocol/ids.ts'
import type { MessageView, Notice } from './api.ts'
import type { PageLine, Sentence } from './export-page.ts'
import type { ExportWords } from './own-data-api.ts'

type NameOf = (accountId: AccountId) => string

/** A stored line as the page shows it. */
export function lineToShow(line: MessageView, words: ExportWords, nameOf: NameOf): PageLine {
  const { kind, text, notice, sentAt: at, isOwn, senderId, state } = line
  if (notice) return { kind: 'notice', at, sentence: sentenceOf(notice, words, nameOf) }
  const isUnsent = state === 'sending' || state === 'failed'
  const note = kind === 'text' ? (isUnsent ? words.unsent : '') : kind === 'waiting' ? words.waiting : words.unreadable
  return { kind: 'text', name: nameOf(senderId), isOwn, at, text: kind === 'text' ? text : '', note }
}

/** The same for programs. */
export function jsonLine(line: MessageView, senderName: string): object {
  const { messageId, kind, senderId, sentAt, text, notice, state, isOwn } = line
  const who = { messageId, kind, sentAt: new Date(sentAt).toISOString(), senderId, senderName }
  if (notice) return { ...who, notice }
  return { ...who, ...(kind === 'text' ? { text } : {}), ...(isOwn && state ? { state } : {}) }
}

function sentenceOf(notice: Notice, { notices, language, timeZone }: ExportWords, nameOf: NameOf): Sentence {
  if (notice.kind === 'restored') {
    const date = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone }).format(notice.from)
    return { template: notices.restored, values: { date } }
  }
  const values: Sentence['values'] = { actor: nameOf(notice.actorId) }
  if ('subjectId' in notice) values['subject'] = nameOf(notice.subjectId)
  switch (notice.kind) {
    case 'renamed':
      return { template: notices.renamed, values: { ...values, name: notice.name } }
    case 'timer_changed': {
      const time = duration(notice.seconds, language)
      return { template: notice.seconds > 0 ? notices.timer_changed : notices.timer_off, values: { ...values, time } }
    }
    case 'history_policy':
      return { template: notice.policy === 'share' ? notices.history_shared : notices.history_none, values }
    default:
      return { template: notices[notice.kind], values }
  }
}

const units = [
  ['year', 31_536_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

function duration(seconds: number, language: string): string {
  const [unit, size] = units.find(([, length]) => seconds >= length) ?? ['minute', 60]
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(
    Math.round(seconds / size),
  )
}
