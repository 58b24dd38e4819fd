import { atom } from 'nanostores'
import {
  emptyDraft,
  type PersonDraft,
  parseFields,
  readDraft,
  recallInTab,
  rememberInTab,
  textIn,
  writeDraft,
} from './session-memory.ts'

export const joinSteps = ['hello', 'you', 'passphrase', 'kit', 'retype', 'waiting'] as const
export type JoinStep = (typeof joinSteps)[number]

export type JoinProgress = {
  /** null: nobody is joining in this tab. */
  step: JoinStep | null
  /** Tells invites apart; the public part of the link, not its secret. */
  inviteId: string
  homeName: string
  inviterName: string
  person: PersonDraft
  isKitSkipped: boolean
}

const key = 'tv-join'
const nothingYet: JoinProgress = {
  step: null,
  inviteId: '',
  homeName: '',
  inviterName: '',
  person: emptyDraft,
  isKitSkipped: false,
}

/** What tells invites apart. The 22nd letter already carries bits of the secret, so it is left out. */
export function inviteIdIn(fragment: string): string {
  return fragment.replace(/^#/, '').slice(0, 21)
}

export function readJoin(text: string | null): JoinProgress {
  const fields = parseFields(text)
  const step = joinSteps.find((one) => one === fields['step'])
  if (!step) return nothingYet
  const part = (name: string) => textIn(fields, name)
  return {
    step,
    inviteId: part('inviteId'),
    homeName: part('homeName'),
    inviterName: part('inviterName'),
    person: readDraft(fields),
    isKitSkipped: fields['isKitSkipped'] === true,
  }
}

export function writeJoin({ person, ...rest }: JoinProgress): string | null {
  return rest.step && JSON.stringify({ ...rest, ...writeDraft(person) })
}

export type JoinFacts = { inviteId: string; isInside: boolean; hasCode: boolean; isKitConfirmed: boolean }

/** Where to go on. null: this device is in already, and not by the invite that is open now. */
export function resumeJoin({ step, inviteId, person, isKitSkipped }: JoinProgress, facts: JoinFacts): JoinStep | null {
  const isSame = step !== null && inviteId === facts.inviteId
  if (facts.isInside) {
    if (!isSame || step === 'hello' || step === 'you') return null
    if (step === 'waiting' || facts.isKitConfirmed || isKitSkipped) return 'waiting'
    return facts.hasCode && step !== 'retype' ? 'kit' : 'retype'
  }
  if (!isSame) return 'hello'
  if (step === 'you' || (step === 'passphrase' && !person.signInName)) return 'you'
  return step === 'passphrase' ? 'passphrase' : 'hello'
}

export const $joinProgress = atom<JoinProgress>(readJoin(recallInTab(key)))
$joinProgress.listen((progress) => rememberInTab(key, writeJoin(progress)))

export function advanceJoin(change: Partial<JoinProgress>): void {
  $joinProgress.set({ ...$joinProgress.get(), ...change })
}

export function endJoin(): void {
  $joinProgress.set(nothingYet)
}
