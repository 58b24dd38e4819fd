import { atom } from 'nanostores'

/** Why this browser cannot be a device here, however much a person would like it to. */
export type Obstacle = 'insecure' | 'storage' | 'old'

export const $obstacle = atom<Obstacle | null>(findAtOnce())

function findAtOnce(): Obstacle | null {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) return 'insecure'
  return 'locks' in navigator && 'indexedDB' in globalThis && 'WebAssembly' in globalThis ? null : 'old'
}

/** Some private windows have a database in name only: it shows when one is opened. */
export async function probeStorage(): Promise<void> {
  if ($obstacle.get() === null && !(await canStore())) $obstacle.set('storage')
}

const probeName = 'tv-probe'

function canStore(): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const opening = indexedDB.open(probeName)
      opening.onerror = () => resolve(false)
      opening.onsuccess = () => {
        opening.result.close()
        indexedDB.deleteDatabase(probeName)
        resolve(true)
      }
    } catch (cause) {
      console.warn('storage is closed', cause)
      resolve(false)
    }
  })
}
