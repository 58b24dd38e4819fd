import { html, nothing, type TemplateResult } from 'lit'
import { ChevronLeft, ShieldCheck } from 'lucide'
import { type IconShapes, icon, logo } from '../../ui/icon.ts'
import { $welcomeWords } from '../../words/welcome.ts'
import { sunset } from './sunset.ts'
import './tv-language-picker.ts'

type Content = TemplateResult | typeof nothing

export type Frame = {
  content: Content
  /** Counted from 1; without it there is no bar. */
  step?: number
  steps?: number
  back?: (() => void) | null
}

/** What stands around every welcome screen: the picture on a wide one, the way back, how far it is, and the language. */
export function welcomeFrame({ content, step, steps = 0, back }: Frame): TemplateResult {
  const words = $welcomeWords.get()
  const backButton = html`<button type="button" class="icon-button -ms-2" aria-label=${words.back} title=${words.back} @click=${back}>${icon(ChevronLeft, 'text-xl rtl:rotate-180')}</button>`
  return html`<div class="flex h-full min-h-0 bg-base-100">
    ${hero()}
    <main class="flex min-h-0 min-w-0 flex-1 flex-col overflow-y-auto" data-welcome-main>
      <div class="flex min-h-11 flex-none items-center gap-2 px-4 pt-[max(1rem,env(safe-area-inset-top))] lg:px-12 lg:pt-8">
        ${back ? backButton : step ? nothing : brand()}
        ${step ? html`<span class="text-[.8125rem] font-medium text-muted">${words.step({ step, steps })}</span>` : nothing}
        <span class="ms-auto"></span><tv-language-picker></tv-language-picker>
      </div>
      ${step ? progressBar(step, steps) : nothing}${content}
    </main>
  </div>`
}

function brand(): TemplateResult {
  return html`<span class="flex items-center gap-2.5 text-base font-bold tracking-tight lg:hidden"><span class="grid size-8 place-items-center rounded-[.625rem] bg-primary text-primary-content">${logo('size-5')}</span>TralliValli</span>`
}

function progressBar(step: number, steps: number): TemplateResult {
  const words = $welcomeWords.get()
  const marks = Array.from(
    { length: steps },
    (_, at) =>
      html`<i class="h-1 flex-1 rounded-full transition-colors ${at < step ? 'bg-primary' : 'bg-base-300'}"></i>`,
  )
  return html`<div class="mx-4 mt-3 flex flex-none gap-1.5 lg:mx-12" role="progressbar" aria-valuemin="1" aria-valuemax=${steps} aria-valuenow=${step} aria-valuetext=${words.step({ step, steps })} aria-label=${words.progress}>${marks}</div>`
}

function hero(): TemplateResult {
  const words = $welcomeWords.get()
  const reaction = (text: string) =>
    html`<span class="rounded-full bg-white px-2.5 py-1 text-sm text-[oklch(0.3_0.02_235)] shadow-pop">${text}</span>`
  return html`<aside class="welcome-hero relative hidden w-[44%] max-w-[40rem] flex-none flex-col justify-between gap-8 overflow-hidden p-12 text-white lg:flex" aria-label="TralliValli">
    <div class="flex items-center gap-3 text-lg font-bold tracking-tight"><span class="grid size-10 place-items-center rounded-2xl bg-white text-[oklch(0.45_0.09_210)] [--tv-logo-heart:#fff]">${logo('size-6')}</span>TralliValli</div>
    <div class="mx-auto grid w-full max-w-[25rem] gap-3" aria-hidden="true">
      <div class="flex items-end gap-2"><span class="avatar sm hue-2">GJ</span><div class="rounded-[1.25rem] rounded-es-md bg-white px-4 py-2.5 text-[.9375rem] leading-5.5 text-[oklch(0.27_0.02_235)] shadow-pop">${words.pictureFirst}</div></div>
      <div class="ms-auto rounded-[1.25rem] rounded-ee-md bg-[oklch(0.37_0.075_222)] px-4 py-2.5 text-[.9375rem] leading-5.5 shadow-pop">${words.pictureSecond}</div>
      <div class="flex items-end gap-2"><span class="avatar sm hue-1">AN</span><div class="w-72 overflow-hidden rounded-[1.25rem] rounded-es-md bg-white p-1 shadow-pop"><div class="aspect-[4/3] overflow-hidden rounded-2xl">${sunset()}</div></div></div>
      <div class="relative -mt-5 ms-16 flex gap-1">${reaction('❤️ 6')}${reaction('😍 3')}</div>
    </div>
    <div><p class="max-w-md text-[2rem] leading-10 font-bold tracking-tight text-balance">${words.promise}</p><p class="mt-3 flex items-center gap-2 text-[.9375rem] text-white/90">${icon(ShieldCheck)}${words.promiseText}</p></div>
  </aside>`
}

export type Page = {
  shapes: IconShapes
  title: string
  text?: string | TemplateResult
  body?: Content
  /** The buttons at the end, within a thumb's reach on a phone. */
  actions?: Content
  /** Makes the page a form. */
  submit?: () => void
}

/** One screen: what it is about, then the one thing to do. */
export function welcomePage({ shapes, title, text, body = nothing, actions = nothing, submit }: Page): TemplateResult {
  const content = html`<span class="mb-5 grid size-14 flex-none place-items-center rounded-[1.25rem] bg-secondary text-secondary-content">${icon(shapes, 'text-2xl')}</span>
    <h1 class="text-[1.75rem] leading-9 font-bold tracking-tight text-balance break-words hyphens-auto" tabindex="-1" data-pane-title>${title}</h1>
    ${text ? html`<p class="mt-2 text-[.9375rem] leading-6 text-pretty text-muted">${text}</p>` : nothing}
    ${body}
    ${actions === nothing ? nothing : html`<div class="mt-8 flex flex-none flex-col gap-3 max-lg:mt-auto max-lg:pt-8">${actions}</div>`}`
  if (!submit) return html`<div class="welcome-page">${content}</div>`
  const onSubmit = (event: Event) => {
    event.preventDefault()
    submit()
  }
  return html`<form class="welcome-page" novalidate @submit=${onSubmit}>${content}</form>`
}

/** A small line with a drawing under the main action. */
export function footnote(shapes: IconShapes, text: string): TemplateResult {
  return html`<p class="flex items-center justify-center gap-1.5 text-center text-[.8125rem] text-muted">${icon(shapes, 'size-3.5')}${text}</p>`
}

/** The quiet second action of a screen. */
export function quietButton(text: string, press: () => void): TemplateResult {
  return html`<button type="button" class="btn btn-ghost min-h-11 rounded-full text-[.9375rem] font-semibold text-primary" @click=${press}>${text}</button>`
}

/** A page that only waits; the spinner stands where the drawing would. */
export function waitingPage(title: string, text?: string, share?: number | null): TemplateResult {
  const bar = html`<div class="mt-7 h-1.5 overflow-hidden rounded-full bg-base-300" role="progressbar" aria-label=${title} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${share == null ? nothing : Math.round(share * 100)}><i class="block h-full rounded-full bg-primary transition-[width] duration-300 ${share == null ? 'welcome-endless' : ''}" .style=${share == null ? '' : `width:${share * 100}%`}></i></div>`
  return html`<div class="welcome-page" aria-busy="true"><span class="mb-5 grid size-14 flex-none place-items-center rounded-[1.25rem] bg-secondary text-secondary-content"><span class="loading loading-spinner" aria-hidden="true"></span></span>
    <h1 class="text-[1.75rem] leading-9 font-bold tracking-tight text-balance" tabindex="-1" data-pane-title>${title}</h1>
    ${text ? html`<p class="mt-2 text-[.9375rem] leading-6 text-pretty text-muted">${text}</p>` : nothing}${share === undefined ? nothing : bar}</div>`
}
