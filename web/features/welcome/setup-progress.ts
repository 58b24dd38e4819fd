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

export const setupSteps = [
  'choose',
  'restore',
  'check',
  'home',
  'you',
  'passphrase',
  'kit',
  'retype',
  'address',
  'invite',
] as const
export type SetupStep = (typeof setupSteps)[number]

export type SetupProgress = {
  /** null: no setup is under way in this tab. */
  step: SetupStep | null
  homeName: string
  person: PersonDraft
  /** The address chosen for the family's phones; invite links begin with it. */
  origin: string
  /** They went on without having confirmed the kit. */
  isKitSkipped: boolean
}

const key = 'tv-setup'
const nothingYet: SetupProgress = { step: null, homeName: '', person: emptyDraft, origin: '', isKitSkipped: false }

export function readProgress(text: string | null): SetupProgress {
  const fields = parseFields(text)
  const step = setupSteps.find((one) => one === fields['step'])
  if (!step) return nothingYet
  return {
    step,
    homeName: textIn(fields, 'homeName'),
    person: readDraft(fields),
    origin: textIn(fields, 'origin'),
    isKitSkipped: fields['isKitSkipped'] === true,
  }
}

export function writeProgress(progress: SetupProgress): string | null {
  const { step, homeName, origin, isKitSkipped, person } = progress
  return step && JSON.stringify({ step, homeName, origin, isKitSkipped, ...writeDraft(person) })
}

export type SetupFacts = { isInside: boolean; hasCode: boolean; isKitConfirmed: boolean }

const isAfterFounding = (step: SetupStep) => setupSteps.indexOf(step) >= setupSteps.indexOf('kit')

/** Where to go on: what the tab remembers, corrected by what is true. */
export function resumeStep(
  { step, homeName, person, isKitSkipped }: SetupProgress,
  facts: SetupFacts,
): SetupStep | null {
  if (!step) return facts.isInside ? null : 'choose'
  if (!facts.isInside) {
    if (isAfterFounding(step)) return 'choose'
    if (step === 'passphrase' && !person.signInName) return 'you'
    return step !== 'choose' && step !== 'restore' && step !== 'check' && step !== 'home' && !homeName ? 'home' : step
  }
  if (step === 'address' || step === 'invite') return step
  if (facts.isKitConfirmed || isKitSkipped) return 'address'
  return facts.hasCode && step !== 'retype' ? 'kit' : 'retype'
}

export const $setupProgress = atom<SetupProgress>(readProgress(recallInTab(key)))
$setupProgress.listen((progress) => rememberInTab(key, writeProgress(progress)))

export function advanceSetup(change: Partial<SetupProgress>): void {
  $setupProgress.set({ ...$setupProgress.get(), ...change })
}

export function endSetup(): void {
  $setupProgress.set(nothingYet)
}
