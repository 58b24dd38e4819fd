import { html, type TemplateResult } from 'lit'
import {
  ArrowRight,
  CircleSlash,
  Clock3,
  Heart,
  Link2Off,
  MailOpen,
  MailX,
  ShieldCheck,
  UserCheck,
  Users,
} from 'lucide'
import type { InvitePreview } from '../../../src/client/api.ts'
import { paths } from '../../router.ts'
import { type IconShapes, icon } from '../../ui/icon.ts'
import { actionButton, textField } from '../../ui/parts.ts'
import { $joinWords } from '../../words/join.ts'
import { $recoveryWords } from '../../words/recovery.ts'
import { fullDate } from '../../words/time.ts'
import { footnote, type Page, welcomePage } from './frame.ts'

type Usable = Extract<InvitePreview, { state: 'usable' }>
type Unusable = Exclude<InvitePreview['state'], 'usable'>

/** What the invite says, for the person it is for. */
export function greeting(invite: Usable, start: () => void): TemplateResult {
  const words = $joinWords.get()
  const anew = $recoveryWords.get()
  const { homeName: home, inviterName: inviter, inviteeName: name, role, expiresAt, forSignInName } = invite
  const isAnew = forSignInName !== null
  const facts: [IconShapes, string][] = [
    [ShieldCheck, words.private],
    [Heart, words.free],
    [Clock3, words.minute],
  ]
  if (role === 'host' && !isAnew) facts.unshift([Users, words.asHost({ inviter })])
  const body = html`<p class="mt-2 text-lg leading-7 text-pretty" dir="auto">${isAnew ? anew.anewIntro({ inviter, home }) : words.invites({ inviter, home })}</p>
    <ul class="mt-6 grid gap-3.5 text-[.9375rem] leading-5.5">${facts.map(([shapes, text]) => html`<li class="flex items-center gap-3.5"><span class="tile">${icon(shapes)}</span><span>${text}</span></li>`)}</ul>`
  const join = html`<button type="button" class="btn btn-primary btn-action w-full" @click=${start}>${words.start} ${icon(ArrowRight, 'text-lg rtl:rotate-180')}</button>`
  const actions = html`${join}<a class="btn btn-ghost min-h-11 rounded-full text-[.9375rem] font-semibold text-primary" href=${paths.signIn}>${words.haveAccount}</a>${footnote(Clock3, words.expires({ date: fullDate(expiresAt) }))}`
  const hello = name ? words.hello({ name }) : words.helloAny
  const title = isAnew ? anew.anewHello({ name: name || forSignInName }) : hello
  return welcomePage({ shapes: MailOpen, title, body, actions })
}

const drawings: Record<Unusable, IconShapes> = {
  used: UserCheck,
  expired: Clock3,
  revoked: MailX,
  mangled: Link2Off,
  unknown: CircleSlash,
}

function about(state: Unusable): Page {
  const words = $joinWords.get()
  return { shapes: drawings[state], title: words[`${state}Title`], text: words[`${state}Text`] }
}

function signInLink(isMain: boolean): TemplateResult {
  const look = isMain ? 'btn-primary' : 'border-control bg-base-100'
  return html`<a class="btn btn-action w-full ${look}" href=${paths.signIn}>${$joinWords.get().signIn}</a>`
}

/** An invite that lets nobody in any more, and what to do about it. */
export function deadEnd(state: Unusable): TemplateResult {
  return welcomePage({ ...about(state), actions: signInLink(state === 'used') })
}

/** A link that lost a part on its way, and a place for the whole one. */
export function mangledPage(pasted: string, change: (text: string) => void, submit: () => void): TemplateResult {
  const words = $joinWords.get()
  const field = textField({ id: 'pasted-link', label: words.mangledPaste, value: pasted, maxLength: 400, change })
  const open = { text: words.mangledOpen, isDisabled: !pasted.includes('#'), classes: 'btn-primary w-full' }
  const actions = html`${actionButton(open)}${signInLink(false)}`
  return welcomePage({ ...about('mangled'), body: html`<div class="mt-7">${field}</div>`, actions, submit })
}
