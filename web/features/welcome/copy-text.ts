import { say } from '../../toasts.ts'
import { $welcomeWords } from '../../words/welcome.ts'

/** Copies and says so; where the browser refuses, says what to do instead. */
export async function copyText(text: string): Promise<void> {
  const words = $welcomeWords.get()
  try {
    await navigator.clipboard.writeText(text)
    say(words.copied)
  } catch (cause) {
    console.warn('the clipboard is closed', cause)
    say(words.copyFailed, 'problem')
  }
}
