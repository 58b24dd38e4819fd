import { html, nothing } from 'lit'
import { customElement, query } from 'lit/decorators.js'
import { $question } from '../../confirm.ts'
import { TvElement, Use } from '../../element.ts'
import { $appWords } from '../../words/app.ts'

/** The one dialog that asks before something that cannot be taken back. */
@customElement('tv-confirm')
export class TvConfirm extends TvElement {
  @query('dialog') private dialog!: HTMLDialogElement
  private readonly question = new Use(this, $question)
  private readonly words = new Use(this, $appWords)

  override render() {
    const question = this.question.value
    return html`<dialog class="dialog" aria-labelledby="question-title" aria-describedby="question-text" @close=${() => this.question.value?.answer(false)}>
      ${
        question
          ? html`<h2 id="question-title" class="text-lg leading-6 font-semibold">${question.title}</h2>
              <p id="question-text" class="mt-2 text-pretty text-muted">${question.text}</p>
              <div class="mt-6 flex flex-wrap justify-end gap-2">
                <button type="button" class="btn btn-ghost h-11 rounded-full" @click=${() => question.answer(false)}>${this.words.value.cancel}</button>
                <button type="button" class="btn h-11 rounded-full ${question.isDangerous ? 'btn-error' : 'btn-primary'}" @click=${() => question.answer(true)}>${question.action}</button>
              </div>`
          : nothing
      }
    </dialog>`
  }

  protected override updated(): void {
    const isAsked = this.question.value !== null
    if (isAsked && !this.dialog.open) this.dialog.showModal()
    if (!isAsked && this.dialog.open) this.dialog.close()
  }
}
