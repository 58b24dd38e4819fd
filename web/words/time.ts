import { $language } from './i18n.ts'

const day = 86_400_000
const formats = new Map<string, Intl.DateTimeFormat>()

function format(at: number, name: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${$language.get()} ${name}`
  const known = formats.get(key) ?? new Intl.DateTimeFormat(regionalLanguage(), options)
  formats.set(key, known)
  return known.format(at)
}

// "en-GB" rather than "en" where the person's browser says so: 09:35, not 9:35 AM.
function regionalLanguage(): string {
  const language = $language.get()
  return navigator.languages.find((code) => code.toLowerCase().startsWith(language)) ?? language
}

const midnight = (at: number) => new Date(at).setHours(0, 0, 0, 0)
/** Whole days between two moments as a calendar counts them. */
const daysAgo = (at: number, now: number) => Math.round((midnight(now) - midnight(at)) / day)

export function clockTime(at: number): string {
  return format(at, 'clock', { hour: '2-digit', minute: '2-digit' })
}

export function fullDate(at: number): string {
  return format(at, 'full', { dateStyle: 'long' })
}

export function dateAndTime(at: number): string {
  return format(at, 'both', { dateStyle: 'medium', timeStyle: 'short' })
}

/** For a list: the time today, then yesterday, the weekday, the date. */
export function shortTime(at: number, now = Date.now()): string {
  const days = daysAgo(at, now)
  if (days <= 0) return clockTime(at)
  if (days === 1) return relativeDay(1)
  if (days < 7) return format(at, 'weekday', { weekday: 'short' })
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear()
  return isThisYear
    ? format(at, 'short', { day: 'numeric', month: 'short' })
    : format(at, 'year', { day: 'numeric', month: 'short', year: 'numeric' })
}

/** For a day's chip in a thread. */
export function dayName(at: number, now = Date.now()): string {
  const days = daysAgo(at, now)
  if (days === 0 || days === 1) return relativeDay(days)
  if (days > 0 && days < 7) return format(at, 'longWeekday', { weekday: 'long' })
  return format(at, 'day', { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' })
}

/** Tells days apart in the reader's own time zone. */
export function dayKey(at: number): number {
  return midnight(at)
}

function relativeDay(days: number): string {
  const text = new Intl.RelativeTimeFormat($language.get(), { numeric: 'auto' }).format(-days, 'day')
  return text.charAt(0).toLocaleUpperCase($language.get()) + text.slice(1)
}

/** "3 days ago", "in 2 hours": the largest unit that fits. */
export function relativeTime(at: number, now = Date.now()): string {
  const relative = new Intl.RelativeTimeFormat($language.get(), { numeric: 'auto' })
  const seconds = (at - now) / 1000
  for (const [unit, size] of [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ] as const) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit)
  }
  return relative.format(0, 'minute')
}
