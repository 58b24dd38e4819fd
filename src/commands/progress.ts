import type { Progress } from '../server/features/backups/backup-archive.ts'
import type { Manifest } from '../server/features/backups/manifest.ts'

/** A line that counts up where a person is looking; silent in a pipe. */
export function showProgress(label: string): Progress {
  return (done, total) => {
    if (!process.stderr.isTTY) return
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
    process.stderr.write(`\r${label} ${percent} %${done >= total ? '\n' : ''}`)
  }
}

export function describeManifest(manifest: Manifest): string {
  const day = new Date(manifest.createdAt).toISOString().slice(0, 16).replace('T', ' ')
  return `${manifest.homeName || 'A home'}, ${day} UTC, version ${manifest.version}: ${manifest.accountCount} people, ${manifest.messageCount} messages, ${showBytes(manifest.totalBytes)}.`
}

export function showBytes(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1000)} kB`
  return bytes < 1_000_000_000 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}
