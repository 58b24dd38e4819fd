import { atom } from 'nanostores'

export type Toast = { id: number; text: string; kind: 'done' | 'problem' }
export const $toasts = atom<readonly Toast[]>([])

let lastId = 0
const shownMs = { done: 3_500, problem: 8_000 }

/** Shows a line at the edge of the screen for a while, read out by screen readers. */
export function say(text: string, kind: Toast['kind'] = 'done'): void {
  const toast = { id: ++lastId, text, kind }
  $toasts.set([...$toasts.get().filter((one) => one.text !== text), toast].slice(-3))
  setTimeout(() => dismissToast(toast.id), shownMs[kind])
}

export function dismissToast(id: number): void {
  $toasts.set($toasts.get().filter((toast) => toast.id !== id))
}
