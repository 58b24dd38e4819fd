import { atom } from 'nanostores'

export type Question = { title: string; text: string; action: string; isDangerous: boolean }
type Asked = Question & { answer(isYes: boolean): void }
export const $question = atom<Asked | null>(null)

/** Asks before something that cannot be taken back; the shell shows the dialog. */
export function confirmFirst(question: Question): Promise<boolean> {
  $question.get()?.answer(false)
  return new Promise((resolve) => {
    $question.set({
      ...question,
      answer: (isYes) => {
        $question.set(null)
        resolve(isYes)
      },
    })
  })
}
