import { html, nothing, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { Download, FileArchive, LogOut } from 'lucide'
import { $taking, saveArchive, stopArchive, type Taking, takeArchive } from '../../archive.ts'
import { TvElement, Use } from '../../element.ts'
import { paths } from '../../router.ts'
import { say } from '../../toasts.ts'
import { icon } from '../../ui/icon.ts'
import { actionButton, problemLine } from '../../ui/parts.ts'
import { $language } from '../../words/i18n.ts'
import { $dataWords } from '../../words/own-data.ts'
import { fileSize } from '../../words/size.ts'

/** Everything of one's own as a file, and the way out. */
@customElement('tv-own-data')
export class TvOwnData extends TvElement {
  @state() private problem: string | null = null
  private readonly taking = new Use(this, $taking)
  private readonly words = new Use(this, $dataWords)

  override render() {
    const words = this.words.value
    return html`<section class="card p-5" aria-labelledby="take-title">
        <div class="flex gap-4"><span class="tile">${icon(FileArchive)}</span><div class="min-w-0"><h2 class="row-title" id="take-title">${words.takeTitle}</h2><p class="row-text mt-0.5">${words.takeText}</p></div></div>
        <ul class="mt-4 grid list-disc gap-1 ps-5 text-sm leading-5 text-muted"><li>${words.takeKeep}</li><li>${words.takeShort}</li></ul>
        <div class="mt-5">${this.step(this.taking.value)}${problemLine(this.problem)}</div>
      </section>
      <section class="card mt-4 p-5" aria-labelledby="leave-title">
        <div class="flex gap-4"><span class="tile danger">${icon(LogOut)}</span><div class="min-w-0"><h2 class="row-title" id="leave-title">${words.leaveTitle}</h2><p class="row-text mt-0.5">${words.leaveMenu}</p></div></div>
        <a class="btn btn-action btn-soft-danger mt-5 border-0" href=${paths.setting('leave')}>${words.leaveOpen}</a>
      </section>`
  }

  private step(taking: Taking): TemplateResult {
    const words = this.words.value
    if (taking.state === 'idle') return actionButton({ text: words.takeDo, press: this.take })
    if (taking.state === 'ready') return this.ready(taking)
    const { stage, done, total } = taking
    const percent = Math.round((100 * done) / Math.max(total, 1))
    const number = new Intl.NumberFormat($language.get())
    const counts = { done: number.format(done), total: number.format(total) }
    return html`<p class="text-sm font-medium" role="status">${total > 0 ? words[stage](counts) : nothing}</p>
      <div class="mt-2.5 h-2 overflow-hidden rounded-full bg-base-300" role="progressbar" aria-label=${words.progress} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent}><i class="block h-full rounded-full bg-primary transition-[width]" .style=${`width:${percent}%`}></i></div>
      <p class="row-text mt-2">${words.keepOpen}</p>
      <button type="button" class="btn btn-ghost btn-action mt-3" @click=${this.stop}>${words.stop}</button>`
  }

  private ready(taking: Extract<Taking, { state: 'ready' }>): TemplateResult {
    const words = this.words.value
    const save = () => saveArchive(taking)
    return html`<p class="text-sm font-medium" role="status">${words.ready({ size: fileSize(taking.file.size) })}</p>
      <p class="row-text mt-0.5">${words.readyText}</p>
      <div class="mt-4 flex flex-wrap gap-2"><button type="button" class="btn btn-primary btn-action" @click=${save}>${icon(Download)}${words.save}</button><button type="button" class="btn btn-ghost btn-action" @click=${this.take}>${words.again}</button></div>`
  }

  private readonly take = async () => {
    this.problem = null
    const outcome = await takeArchive()
    if (outcome && !outcome.isDone) this.problem = outcome.problem
  }

  private readonly stop = () => {
    stopArchive()
    say(this.words.value.stopped)
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-own-data': TvOwnData
  }
}
