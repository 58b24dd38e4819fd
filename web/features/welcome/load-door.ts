import { probeStorage } from './obstacle.ts'

let loading: Promise<unknown> | null = null

/** Fetches the screens of the door when they are first needed. */
export function loadDoor(): Promise<unknown> {
  loading ??= Promise.all([import('./tv-welcome.ts'), probeStorage()])
  return loading
}
