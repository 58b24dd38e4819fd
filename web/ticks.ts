import { html, type TemplateResult } from 'lit'
import { Check, CheckCheck, CircleAlert, Clock3 } from 'lucide'
import type { DeliveryState } from '../src/client/api.ts'
import { icon } from './ui/icon.ts'
import { $chatWords } from './words/chat.ts'

const shapes = { sending: Clock3, sent: Check, delivered: CheckCheck, read: CheckCheck, failed: CircleAlert }
const classes = { sending: '', sent: '', delivered: '', read: 'tick-read', failed: 'tick-failed' }

/** How far an own message came, drawn and in words. */
export function ticks(state: DeliveryState): TemplateResult {
  return html`<span class=${classes[state]}><span class="sr-only">${$chatWords.get()[state]}</span>${icon(shapes[state], 'size-4')}</span>`
}
