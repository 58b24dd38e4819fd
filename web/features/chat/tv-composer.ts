import { html, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { SendHorizontal } from 'lucide'
import type { ConversationId } from '../../../src/protocol/ids.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { keepDraft, putDownDraft, takeUpDraft } from '../../drafts.ts'
import { TvElement, Use } from '../../element.ts'
import { icon } from '../../ui/icon.ts'
import { $chatWords } from '../../words/chat.ts'
import { sendText } from './thread-actions.ts'

const typingEveryMs = 3_000
const growsByItself = CSS.supports('field-sizing', 'content')

/** Where a message is written. Enter sends where there is a keyboard; on a phone it begins a new line. */
@customElement('tv-composer')
export class TvComposer extends TvElement {
  @property() conversationId!: ConversationId
  @state() private text = ''
  @query('textarea') private field!: HTMLTextAreaElement
  private readonly words = new Use(this, $chatWords)
  private typingToldAt = 0

  override connectedCallback(): void {
    super.connectedCallback()
    this.text = takeUpDraft(this.conversationId)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    putDownDraft(this.conversationId)
  }

  override render() {
    const words = this.words.value
    const tooLong = this.text.length - limits.maxTextLength
    const canSend = this.text.trim() !== '' && tooLong <= 0
    return html`<form class="z-2 flex-none px-2 pt-1 pb-[max(.5rem,env(safe-area-inset-bottom))] md:px-6 md:pb-4" @submit=${this.submit}>
      <div class="mx-auto flex max-w-4xl items-end gap-2">
        <div class="composer">
          <textarea rows="1" dir="auto" placeholder=${words.message} aria-label=${words.message} enterkeyhint="enter" .value=${this.text} @input=${this.typed} @keydown=${this.pressed}></textarea>
          ${tooLong > 0 ? html`<p class="px-3.5 pb-1.5 text-[.8125rem] font-medium text-error" role="alert">${words.tooLong(tooLong)}</p>` : nothing}
        </div>
        <button type="submit" class="send-button" aria-label=${words.send} ?disabled=${!canSend} @pointerdown=${this.keepKeyboard}>${icon(SendHorizontal, 'rtl:-scale-x-100')}</button>
      </div>
    </form>`
  }

  protected override updated(): void {
    if (growsByItself) return
    this.field.style.height = 'auto'
    this.field.style.height = `${this.field.scrollHeight}px`
  }

  override focus(): void {
    this.field?.focus({ preventScroll: true })
  }

  private readonly typed = () => {
    this.text = this.field.value
    keepDraft(this.conversationId, this.text)
    if (!this.text.trim() || Date.now() - this.typingToldAt < typingEveryMs) return
    this.typingToldAt = Date.now()
    bridge.call.setTyping(this.conversationId)
  }

  private readonly pressed = (event: KeyboardEvent) => {
    const isSending =
      event.key === 'Enter' && !event.shiftKey && !event.isComposing && matchMedia('(pointer: fine)').matches
    if (!isSending) return
    event.preventDefault()
    this.send()
  }

  // Without this the tap would take the focus from the field and close the phone's keyboard.
  private readonly keepKeyboard = (event: Event) => event.preventDefault()

  private readonly submit = (event: Event) => {
    event.preventDefault()
    this.send()
  }

  private send(): void {
    const text = this.text.trim()
    if (!text || text.length > limits.maxTextLength) return
    this.text = ''
    this.typingToldAt = 0
    keepDraft(this.conversationId, '')
    sendText(this.conversationId, text)
    this.focus()
  }
}
