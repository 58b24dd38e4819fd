import { StartError } from '../server/start-error.ts'

/** One row of the table in main.ts. Its code is loaded only when it is called. */
export interface Command {
  name: string
  summary: string
  load(): Promise<{ run(args: string[]): Promise<number> }>
}

export class UsageError extends StartError {
  override name = 'UsageError'
}
