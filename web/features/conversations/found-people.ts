import { html, type TemplateResult } from 'lit'
import type { Conversation } from '../../../src/client/api.ts'
import { bridge } from '../../bridge.ts'
import { faceOf, fold, otherIn, otherPeople } from '../../faces.ts'
import { openChat } from '../../router.ts'
import { attempt } from '../../submit.ts'
import { avatar } from '../../ui/avatar.ts'

/** People whose name fits the search and who have no conversation in the list yet. */
export function foundPeople(search: string, conversations: readonly Conversation[]): TemplateResult[] {
  const known = new Set(conversations.map(otherIn))
  const wanted = fold(search.trim())
  const found = otherPeople().filter(({ accountId, name }) => !known.has(accountId) && fold(name).includes(wanted))
  return found.map(({ accountId, name }) => {
    const open = () => attempt(async () => openChat(await bridge.call.openDirect(accountId)))
    return html`<li><button type="button" class="row" @click=${open}>${avatar(faceOf(accountId, true))}<span class="row-title truncate" dir="auto">${name}</span></button></li>`
  })
}
