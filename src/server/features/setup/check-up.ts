import { readFile, rm, statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { CheckResult } from '../../../protocol/setup.ts'
import type { Context } from '../../context.ts'
import { makeToken } from '../../ids.ts'
import { isLoopback } from '../../peer.ts'

const gibibyte = 1024 ** 3
const leastFreeBytes = 1 * gibibyte
const goodFreeBytes = 5 * gibibyte
const goodMemoryBytes = 0.5 * gibibyte
/** No clock that is right shows less: this program was not there yet. */
const oldestNowMs = Date.UTC(2026, 0, 1)
const networkFileSystems = /^(nfs|nfs4|cifs|smb3|smbfs|9p|afs|ceph|glusterfs|fuse\.(sshfs|rclone|s3fs|glusterfs))$/

type Verdict = Pick<CheckResult, 'status' | 'value'>

/** The wizard's check-up: what would spoil the home later, said while it is easy to change. */
export function checkUp({ config, clock }: Context): Promise<CheckResult[]> {
  const { dataFolder, host, httpsPort, publicUrl } = config
  const checks: [CheckResult['name'], () => Promise<Verdict> | Verdict][] = [
    ['folder_writable', () => checkWritable(dataFolder)],
    ['free_space', () => checkSpace(dataFolder)],
    ['local_disk', () => checkLocalDisk(dataFolder)],
    ['clock', () => ({ status: clock.now() >= oldestNowMs ? 'ok' : 'failed', value: clock.now() })],
    ['memory', () => ({ status: totalmem() >= goodMemoryBytes ? 'ok' : 'warning', value: totalmem() })],
    ['port', () => ({ status: publicUrl !== null || (httpsPort !== null && !isLoopback(host)) ? 'ok' : 'warning' })],
  ]
  return Promise.all(checks.map(async ([name, check]) => ({ name, ...(await check()) })))
}

async function checkWritable(folder: string): Promise<Verdict> {
  const file = join(folder, `.check-${makeToken()}`)
  try {
    await Bun.write(file, 'x', { mode: 0o600 })
    return { status: (await Bun.file(file).text()) === 'x' ? 'ok' : 'failed' }
  } catch {
    return { status: 'failed' }
  } finally {
    await rm(file, { force: true })
  }
}

async function checkSpace(folder: string): Promise<Verdict> {
  const { bavail, bsize } = await statfs(folder)
  const value = Number(bavail) * Number(bsize)
  return { status: value < leastFreeBytes ? 'failed' : value < goodFreeBytes ? 'warning' : 'ok', value }
}

// SQLite's locks are not to be trusted over a network. Where there is no table of mounts nothing is claimed.
async function checkLocalDisk(folder: string): Promise<Verdict> {
  const table = await readFile('/proc/self/mounts', 'utf8').catch(() => '')
  const mounts = table.split('\n').map((line) => line.split(' '))
  const holding = mounts.filter(([, path = '']) => path === '/' || folder === path || folder.startsWith(`${path}/`))
  const [, , type = ''] = holding.sort((a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0))[0] ?? []
  return { status: networkFileSystems.test(type) ? 'failed' : 'ok' }
}
