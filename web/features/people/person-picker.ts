import { html, type TemplateResult } from 'lit'
import { Check } from 'lucide'
import type { Person } from '../../../src/client/api.ts'
import type { AccountId } from '../../../src/protocol/ids.ts'
import { faceOf } from '../../faces.ts'
import { avatar } from '../../ui/avatar.ts'
import { icon } from '../../ui/icon.ts'

/** People with a tick each. */
export function personPicker(
  people: readonly Person[],
  chosen: ReadonlySet<AccountId>,
  toggle: (id: AccountId) => void,
): TemplateResult {
  const line = ({ accountId, name }: Person) =>
    html`<li><label class="option !border-transparent px-3 py-2"><input type="checkbox" class="sr-only" .checked=${chosen.has(accountId)} @change=${() => toggle(accountId)} />${avatar(faceOf(accountId))}<span class="row-title min-w-0 truncate" dir="auto">${name}</span><span class="mark" aria-hidden="true">${icon(Check)}</span></label></li>`
  return html`<ul class="grid grid-cols-1 gap-1">${people.map(line)}</ul>`
}

export function toggled<T>(set: ReadonlySet<T>, one: T): ReadonlySet<T> {
  const next = new Set(set)
  if (!next.delete(one)) next.add(one)
  return next
}
