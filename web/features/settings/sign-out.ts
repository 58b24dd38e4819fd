import { bridge } from '../../bridge.ts'
import { confirmFirst } from '../../confirm.ts'
import { whenKnown } from '../../known.ts'
import { $me } from '../../stores.ts'
import { attempt } from '../../submit.ts'
import { $settingsWords } from '../../words/settings.ts'

export async function signOut(): Promise<void> {
  const words = $settingsWords.get()
  const { isKitConfirmed } = await whenKnown($me)
  const warning = isKitConfirmed ? '' : ` ${words.signOutNoKit}`
  const question = {
    title: words.signOutTitle,
    text: words.signOutText + warning,
    action: words.signOut,
    isDangerous: true,
  }
  if (await confirmFirst(question)) await attempt(() => bridge.call.signOut())
}
