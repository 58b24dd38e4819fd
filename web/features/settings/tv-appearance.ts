import { html } from 'lit'
import { customElement } from 'lit/decorators.js'
import { Monitor, Moon, Sun } from 'lucide'
import { TvElement, Use } from '../../element.ts'
import { $textSize, $theme, textSizes } from '../../preferences.ts'
import { choiceCards, choicePills } from '../../ui/parts.ts'
import { $language, type Language, setLanguage } from '../../words/i18n.ts'
import { languages } from '../../words/languages.ts'
import { $settingsWords } from '../../words/settings.ts'

/** Theme, text size and language, kept on this device. */
@customElement('tv-appearance')
export class TvAppearance extends TvElement {
  private readonly theme = new Use(this, $theme)
  private readonly textSize = new Use(this, $textSize)
  private readonly language = new Use(this, $language)
  private readonly words = new Use(this, $settingsWords)

  override render() {
    const words = this.words.value
    return html`<div class="grid gap-8">
      ${choiceCards({
        name: 'theme',
        legend: words.theme,
        value: this.theme.value,
        choices: [
          { value: 'system' as const, title: words.theme_system, shapes: Monitor },
          { value: 'light' as const, title: words.theme_light, shapes: Sun },
          { value: 'dark' as const, title: words.theme_dark, shapes: Moon },
        ],
        change: (theme) => $theme.set(theme),
      })}
      <div>
        ${choicePills({
          name: 'text-size',
          legend: words.textSize,
          value: this.textSize.value,
          choices: textSizes.map((value) => ({ value, title: words[`textSize_${value}`] })),
          change: (size) => $textSize.set(size),
        })}
        <div class="wall mt-4 overflow-hidden rounded-2xl p-4"><div class="message first last hue-1"><div class="bubble">${words.sample}</div></div></div>
      </div>
      ${choicePills({
        name: 'language',
        legend: words.language,
        value: this.language.value,
        choices: Object.entries(languages).map(([value, title]) => ({ value: value as Language, title })),
        change: setLanguage,
      })}
    </div>`
  }
}
