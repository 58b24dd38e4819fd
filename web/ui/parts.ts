import { html, nothing, type TemplateResult } from 'lit'
import { Check, ChevronLeft } from 'lucide'
import { type IconShapes, icon } from './icon.ts'

type Content = TemplateResult | typeof nothing

/** A round button that shows only a drawing. */
export function iconButton(shapes: IconShapes, label: string, press: () => void, classes = ''): TemplateResult {
  return html`<button type="button" class="icon-button ${classes}" aria-label=${label} title=${label} @click=${press}>${icon(shapes, 'text-[1.0625rem]')}</button>`
}

/** The way back on a narrow screen. */
export function backLink(address: string, label: string, classes = 'md:hidden'): TemplateResult {
  return html`<a class="icon-button -ms-2 ${classes}" href=${address} aria-label=${label}>${icon(ChevronLeft, 'text-xl rtl:rotate-180')}</a>`
}

export type PaneHeader = { title: string; back?: Content; actions?: Content }

/** Each pane begins with its h1, which takes the focus when the pane is opened. */
export function paneHeader({ title, back = nothing, actions = nothing }: PaneHeader): TemplateResult {
  return html`<div class="pane-header md:px-5">${back}<h1 class="pane-title truncate" tabindex="-1" data-pane-title>${title}</h1><span class="ms-auto"></span>${actions}</div>`
}

export type EmptyState = { shapes: IconShapes; title: string; text?: string; action?: Content }

/** Says what is not there yet and what to do next. */
export function emptyState({ shapes, title, text, action = nothing }: EmptyState): TemplateResult {
  return html`<div class="mx-auto flex max-w-72 flex-col items-center px-4 py-10 text-center"><span class="mb-4 grid size-16 place-items-center rounded-[1.375rem] bg-secondary text-secondary-content">${icon(shapes, 'text-2xl')}</span><p class="text-base leading-6 font-semibold">${title}</p>${text ? html`<p class="mt-1 text-sm leading-5 text-pretty text-muted">${text}</p>` : nothing}${action === nothing ? nothing : html`<div class="mt-5">${action}</div>`}</div>`
}

/** Grey rows in the place of a list that is still coming. */
export function skeletonRows(count: number, label: string): TemplateResult {
  const row = html`<div class="flex items-center gap-3 px-3 py-2.5"><span class="skeleton size-12 flex-none rounded-full"></span><span class="grid flex-1 gap-2"><span class="skeleton h-3.5 w-2/5"></span><span class="skeleton h-3 w-4/5"></span></span></div>`
  return html`<div role="status"><span class="sr-only">${label}</span><div aria-hidden="true">${Array.from({ length: count }, () => row)}</div></div>`
}

export type TextField = {
  id: string
  label: string
  value: string
  hint?: string
  maxLength?: number
  isRequired?: boolean
  autocomplete?: AutoFill
  problem?: string | null
  change(value: string): void
}

/** A labelled line of text with its hint and problem tied to it. */
export function textField(field: TextField): TemplateResult {
  const { id, hint, problem } = field
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ')
  const read = (event: Event) => field.change((event.target as HTMLInputElement).value)
  return html`<div><label class="field-label" for=${id}>${field.label}</label><input id=${id} class="input text-input" type="text" dir="auto" .value=${field.value} maxlength=${field.maxLength ?? 200} autocomplete=${field.autocomplete ?? 'off'} ?required=${field.isRequired ?? false} aria-invalid=${problem ? 'true' : nothing} aria-describedby=${described || nothing} @input=${read} />${hint ? html`<p class="field-hint" id="${id}-hint">${hint}</p>` : nothing}${problem ? html`<p class="field-problem" id="${id}-problem" role="alert">${problem}</p>` : nothing}</div>`
}

/** What went wrong with a form that has no single field to blame. */
export function problemLine(problem: string | null): Content {
  return problem ? html`<p class="field-problem" role="alert">${problem}</p>` : nothing
}

export type ActionButton = {
  text: string
  isBusy?: boolean
  isDisabled?: boolean
  classes?: string
  press?: () => void
}

/** The main action of a screen; without `press` it submits its form. */
export function actionButton(button: ActionButton): TemplateResult {
  const { isBusy = false, isDisabled = false, classes = 'btn-primary', press } = button
  return html`<button type=${press ? 'button' : 'submit'} class="btn btn-action ${classes}" ?disabled=${isBusy || isDisabled} @click=${press ?? nothing}>${isBusy ? html`<span class="loading loading-spinner loading-sm" aria-hidden="true"></span>` : nothing}${button.text}</button>`
}

export type Choice<T> = { value: T; title: string; text?: string; shapes?: IconShapes }
export type Choices<T> = {
  name: string
  legend: string
  value: T
  choices: readonly Choice<T>[]
  change(value: T): void
}

/** One of several, as cards. */
export function choiceCards<T extends string | number>(of: Choices<T>): TemplateResult {
  const card = ({ value, title, text, shapes }: Choice<T>) =>
    html`<label class="option"><input type="radio" class="sr-only" name=${of.name} .value=${String(value)} .checked=${value === of.value} @change=${() => of.change(value)} />${shapes ? html`<span class="tile">${icon(shapes)}</span>` : nothing}<span class="min-w-0"><span class="row-title block">${title}</span>${text ? html`<span class="row-text block">${text}</span>` : nothing}</span><span class="mark" aria-hidden="true">${icon(Check)}</span></label>`
  return html`<fieldset><legend class="field-label">${of.legend}</legend><div class="grid gap-2">${of.choices.map(card)}</div></fieldset>`
}

/** One of a few short ones, in a line. */
export function choicePills<T extends string | number>(of: Choices<T>): TemplateResult {
  const pill = ({ value, title }: Choice<T>) =>
    html`<label class="option min-h-11 flex-none px-3.5 py-2"><input type="radio" class="sr-only" name=${of.name} .value=${String(value)} .checked=${value === of.value} @change=${() => of.change(value)} /><span class="text-sm font-medium">${title}</span></label>`
  return html`<fieldset><legend class="field-label">${of.legend}</legend><div class="flex flex-wrap gap-2">${of.choices.map(pill)}</div></fieldset>`
}
