import { html } from 'lit'
import { customElement } from 'lit/decorators.js'
import { ChevronDown, Globe } from 'lucide'
import { TvElement, Use } from '../../element.ts'
import { icon } from '../../ui/icon.ts'
import { $language, type Language, setLanguage } from '../../words/i18n.ts'
import { languages } from '../../words/languages.ts'
import { $welcomeWords } from '../../words/welcome.ts'

/** The browser's own list: it works with every keyboard, reader and phone. */
@customElement('tv-language-picker')
export class TvLanguagePicker extends TvElement {
  private readonly language = new Use(this, $language)
  private readonly words = new Use(this, $welcomeWords)

  override render() {
    const names = Object.entries(languages)
    return html`<label class="relative flex h-11 items-center rounded-full text-[.8125rem] font-medium text-muted hover:bg-hover focus-within:outline-2 focus-within:outline-(--tv-focus)">
      <span class="pointer-events-none absolute start-3">${icon(Globe, 'text-[.9375rem]')}</span>
      <select class="welcome-select h-full cursor-pointer appearance-none rounded-full bg-transparent ps-9 pe-8 outline-none" aria-label=${this.words.value.language} @change=${this.choose}>
        ${names.map(([code, name]) => html`<option class="bg-base-100 text-base-content" value=${code} lang=${code} .selected=${code === this.language.value}>${name}</option>`)}
      </select>
      <span class="pointer-events-none absolute end-3">${icon(ChevronDown, 'size-3.5')}</span>
    </label>`
  }

  private readonly choose = (event: Event) => setLanguage((event.target as HTMLSelectElement).value as Language)
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-language-picker': TvLanguagePicker
  }
}
