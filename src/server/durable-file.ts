import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

const ownerOnly = 0o600

/** Whole and on disk, or not there at all: a power cut leaves no empty file behind. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const half = `${path}.new`
  const file = await open(half, 'w', ownerOnly)
  try {
    await file.chmod(ownerOnly)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(half, path)
  await syncFolder(dirname(path))
}

/** The names in a folder survive a power cut from here on. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
