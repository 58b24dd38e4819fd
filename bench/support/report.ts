import { parseArgs } from 'node:util'
import { describeMachine } from './machine.ts'

/** What every bench understands. `--json`: one line of JSON and nothing else on standard output. */
export function readOptions(fallback: { runs: number }): { isJson: boolean; runs: number; window: number | null } {
  const { values } = parseArgs({
    args: Bun.argv.slice(2),
    options: { json: { type: 'boolean' }, runs: { type: 'string' }, window: { type: 'string' } },
  })
  const window = values.window === undefined ? null : Number(values.window)
  return { isJson: values.json === true, runs: Number(values.runs ?? fallback.runs), window }
}

/** Tells a person how it goes, on standard error when standard output belongs to the JSON line. */
export class Report {
  constructor(
    readonly name: string,
    private readonly isJson: boolean,
  ) {
    this.say(`${name}: ${describeMachine()}`)
  }

  say(line: string): void {
    if (this.isJson) console.error(line)
    else console.log(line)
  }

  end(result: Record<string, unknown>): void {
    if (this.isJson) console.log(JSON.stringify({ name: this.name, ...result }))
  }
}
