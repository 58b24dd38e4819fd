import { readFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'

/** What was measured on, and how busy it was with other things. */
export function describeMachine(): string {
  const [first] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const load = loadavg()[0]!.toFixed(1)
  return `${cpus().length} x ${first?.model.trim()}, ${memory} GiB, Bun ${Bun.version}, load average ${load}`
}

function statusKb(processId: number, field: string): number {
  const status = readFileSync(`/proc/${processId}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN)
}

export function residentMb(processId: number): number {
  return statusKb(processId, 'VmRSS') / 1024
}

/** The most it ever held. */
export function peakMb(processId: number): number {
  return statusKb(processId, 'VmHWM') / 1024
}

const ticksPerSecond = 100

/** Seconds of processor time a process has used so far. */
export function processorSeconds(processId: number): number {
  const fields = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
