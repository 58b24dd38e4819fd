import { html } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { whenKnown } from '../../known.ts'
import { $conversations, $home } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { say } from '../../toasts.ts'
import { actionButton, problemLine, textField } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $settingsWords } from '../../words/settings.ts'

/** The home's name, for hosts. */
@customElement('tv-home-name')
export class TvHomeName extends TvElement {
  @state() private name: string | null = null
  private readonly home = new Use(this, $home)
  private readonly words = new Use(this, $settingsWords)
  private readonly saving = new Submission(this)

  override render() {
    const words = this.words.value
    const known = this.home.value?.name ?? ''
    const value = this.name ?? known
    const hasChanged = value.trim() !== '' && value.trim() !== known
    const field = textField({
      id: 'home-name',
      label: words.homeName,
      hint: words.homeNameHint,
      value,
      maxLength: limits.maxHomeNameLength,
      isRequired: true,
      change: (name) => {
        this.name = name
      },
    })
    const save = actionButton({ text: $appWords.get().save, isBusy: this.saving.isBusy, isDisabled: !hasChanged })
    return html`<form class="grid gap-6" @submit=${this.save}>${field}<div>${save}${problemLine(this.saving.problem)}</div></form>`
  }

  private readonly save = async (event: Event) => {
    event.preventDefault()
    const name = this.name?.trim()
    if (!name) return
    const outcome = await this.saving.run(() => renameHome(name))
    if (!outcome.isDone) return
    this.name = null
    say(this.words.value.homeSaved)
  }
}

/** The family conversation goes by the home's name until somebody gives it one of its own. */
async function renameHome(name: string): Promise<void> {
  const [{ name: former, familyConversationId }, conversations] = await Promise.all([
    whenKnown($home),
    whenKnown($conversations),
  ])
  const family = conversations.find(({ conversationId }) => conversationId === familyConversationId)
  if (family?.isAdmin && family.title === former) await bridge.call.renameGroup(family.conversationId, name)
  await bridge.call.renameHome(name)
}
