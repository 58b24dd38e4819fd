import { html, type TemplateResult } from 'lit'
import { ShieldAlert, ShieldCheck, ShieldQuestionMark } from 'lucide'
import type { Person } from '../../../src/client/api.ts'
import { icon } from '../../ui/icon.ts'
import { $peopleWords } from '../../words/people.ts'

/** Whether somebody is known to be who they seem, in one or two words. */
export function verifiedTag({ verified, wasReset }: Person): TemplateResult {
  const words = $peopleWords.get()
  if (wasReset) return html`<span class="tag warn">${icon(ShieldAlert, 'size-3.5')}${words.badgeReset}</span>`
  if (verified) return html`<span class="tag">${icon(ShieldCheck, 'size-3.5')}${words.badgeChecked}</span>`
  return html`<span class="tag quiet">${icon(ShieldQuestionMark, 'size-3.5')}${words.badgeOpen}</span>`
}

/** The same in a sentence that says why, and what to do. */
export function verifiedSentence({ verified, wasReset }: Person): string {
  const words = $peopleWords.get()
  return wasReset ? words.wasReset : words[`verified_${verified ?? 'null'}`]
}
