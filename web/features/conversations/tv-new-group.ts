import { html, nothing } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import type { AccountId } from '../../../src/protocol/ids.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { otherPeople } from '../../faces.ts'
import { arePeopleKnown } from '../../known.ts'
import { photoWords } from '../../photo-words.ts'
import { openChat, paths } from '../../router.ts'
import { $people } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { actionButton, backLink, paneHeader, problemLine, textField } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $newWords } from '../../words/people.ts'
import { personPicker, toggled } from '../people/person-picker.ts'
import '../../ui/tv-photo-field.ts'

/** A new group: its name, its photo, who is in it. */
@customElement('tv-new-group')
export class TvNewGroup extends TvElement {
  @state() private name = ''
  @state() private photo: Uint8Array | null = null
  @state() private chosen: ReadonlySet<AccountId> = new Set()
  private readonly words = new Use(this, $newWords)
  private readonly creating = new Submission(this)

  constructor() {
    super()
    new Use(this, $people)
  }

  override render() {
    const words = this.words.value
    const people = otherPeople()
    const name = textField({
      id: 'group-name',
      label: words.name,
      hint: words.nameHint,
      value: this.name,
      maxLength: limits.maxPersonNameLength,
      isRequired: true,
      change: (value) => {
        this.name = value
      },
    })
    return html`${paneHeader({ title: words.groupTitle, back: backLink(paths.new, $appWords.get().back, '') })}
      <form class="flex min-h-0 flex-1 flex-col" @submit=${this.create}>
        <div class="grid min-h-0 flex-1 content-start gap-6 overflow-y-auto px-4 pt-1 pb-6">
          <tv-photo-field .words=${photoWords()} .photo=${this.photo} .name=${this.name} @photo=${this.takePhoto}></tv-photo-field>
          ${name}
          <fieldset><legend class="field-label">${words.choose}${this.chosen.size ? html` <span class="font-normal text-muted">(${words.chosen(this.chosen.size)})</span>` : nothing}</legend>
            <div class="-mx-3">${personPicker(people, this.chosen, this.toggle)}</div>
            ${people.length || !arePeopleKnown() ? nothing : html`<p class="row-text">${words.nobody}</p>`}
          </fieldset>
        </div>
        <div class="border-t border-line p-4">${actionButton({ text: words.create, isBusy: this.creating.isBusy, isDisabled: !this.name.trim(), classes: 'btn-primary w-full' })}${problemLine(this.creating.problem)}</div>
      </form>`
  }

  private readonly toggle = (id: AccountId) => {
    this.chosen = toggled(this.chosen, id)
  }

  private readonly takePhoto = (event: CustomEvent<Uint8Array | null>) => {
    this.photo = event.detail
  }

  private readonly create = async (event: Event) => {
    event.preventDefault()
    const outcome = await this.creating.run(() =>
      bridge.call.createGroup(this.name.trim(), this.photo, [...this.chosen]),
    )
    if (outcome.isDone) openChat(outcome.value)
  }
}
