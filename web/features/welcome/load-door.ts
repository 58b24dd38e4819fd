import { probeStorage } from './obstacle.ts'

let isLoaded = false

/** Fetches the screens of the door when they are first needed. */
export function loadDoor(): void {
  if (isLoaded) return
  isLoaded = true
  void import('./tv-welcome.ts')
  void probeStorage()
}
