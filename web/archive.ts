import { atom } from 'nanostores'
import type { ExportPart, ExportWords } from '../src/client/own-data-api.ts'
import { bridge } from './bridge.ts'
import { $me } from './stores.ts'
import { type Outcome, submit } from './submit.ts'
import { $language } from './words/i18n.ts'
import { $archiveWords, $dataWords } from './words/own-data.ts'

export type Taking =
  | { state: 'idle' }
  | ({ state: 'busy' } & Pick<ExportPart, 'stage' | 'done' | 'total'>)
  | { state: 'ready'; file: Blob; name: string }

/** The archive that is being made or was made; it goes on while one looks at something else. */
export const $taking = atom<Taking>({ state: 'idle' })
/** Small pieces become one Blob, which a browser may keep on disk, as soon as they are this many bytes. */
const heldBytes = 4_194_304
let run = 0

/** Makes the archive. Null in place of a problem: it was stopped. */
export async function takeArchive(): Promise<Outcome<void> | null> {
  const mine = ++run
  $taking.set({ state: 'busy', stage: 'fetching', done: 0, total: 0 })
  const outcome = await submit(() => collect(() => mine === run))
  if (mine !== run) return null
  $taking.set(
    outcome.isDone && outcome.value ? { state: 'ready', file: outcome.value, name: fileName() } : { state: 'idle' },
  )
  return outcome.isDone ? { isDone: true, value: undefined } : outcome
}

export function stopArchive(): void {
  run++
  $taking.set({ state: 'idle' })
  void submit(() => bridge.call.cancelExport())
}

async function collect(isWanted: () => boolean): Promise<Blob | null> {
  await bridge.call.startExport(wordsForArchive())
  const blobs: Blob[] = []
  let held: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  const pack = () => {
    blobs.push(new Blob(held))
    held = []
    size = 0
  }
  while (isWanted()) {
    const { bytes, stage, done, total, isLast } = await bridge.call.nextExportPart()
    held.push(bytes as Uint8Array<ArrayBuffer>)
    size += bytes.length
    if (size >= heldBytes || isLast) pack()
    if (isLast) return new Blob(blobs, { type: 'application/zip' })
    if (isWanted()) $taking.set({ state: 'busy', stage, done, total })
  }
  return null
}

function fileName(): string {
  const date = new Date().toLocaleDateString('sv')
  return `${$dataWords.get().fileName({ name: $me.get()?.signInName ?? '', date })}.zip`
}

/** Saves it by the browser's own download. */
export function saveArchive({ file, name }: Extract<Taking, { state: 'ready' }>): void {
  const address = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 600_000)
}

function wordsForArchive(): ExportWords {
  const { messagesOne, messagesOther, disappearingOne, disappearingOther, ...all } = $archiveWords.get()
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  return {
    ...all,
    ...{ language: $language.get(), timeZone, direction: document.documentElement.dir === 'rtl' ? 'rtl' : 'ltr' },
    messages: { one: messagesOne, other: messagesOther },
    disappearing: { one: disappearingOne, other: disappearingOther },
    notices: all,
  }
}
