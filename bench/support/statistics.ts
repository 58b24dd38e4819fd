export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** `share` between 0 and 1. NaN for no values: a table shows it, a sum does not hide it. */
export function percentile(values: readonly number[] | Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function round(value: number, digits = 0): number {
  const factor = 10 ** digits
  return Math.round(value * factor) / factor
}

/** `median (smallest to largest)` of what `pick` takes of each run. */
export function spread<Run>(runs: readonly Run[], pick: (run: Run) => number, digits = 0): string {
  const values = runs.map(pick)
  const show = (value: number) => round(value, digits).toLocaleString('en')
  return `${show(median(values))} (${show(Math.min(...values))} to ${show(Math.max(...values))})`
}
