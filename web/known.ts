import type { ReadableAtom } from 'nanostores'
import { $people } from './stores.ts'

/** Oneself is always among them: nobody at all means that the client has not told yet. */
export const arePeopleKnown = () => $people.get().size > 0

/** What the client has not told yet right after a reload: resolves once it has. */
export function whenKnown<T>($store: ReadableAtom<T | null>): Promise<T> {
  return new Promise((resolve) => {
    let stop: (() => void) | null = null
    let isDone = false
    stop = $store.subscribe((value) => {
      if (value === null || isDone) return
      isDone = true
      resolve(value as T)
      queueMicrotask(() => stop?.())
    })
  })
}
