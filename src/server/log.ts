import type { LogLevel } from './config.ts'

/** Ids, codes and figures: never names, addresses, tokens, ciphertext or keys. */
export type LogFields = Record<string, string | number | boolean | null | undefined>

export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const

/** One JSON object a line, on stderr. */
export function createLog(level: LogLevel, write: (line: string) => void = writeStderr): Log {
  const least = levels.indexOf(level)
  const at =
    (own: Exclude<LogLevel, 'silent'>) =>
    (event: string, fields: LogFields = {}) => {
      if (levels.indexOf(own) < least) return
      write(JSON.stringify({ at: new Date().toISOString(), level: own, event, ...fields }))
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function writeStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** The kind and place of an error; its message stays out, for it may quote what a person typed. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { kind: typeof error }
  const place = error.stack?.split('\n').find((line) => line.includes('.ts:'))
  return { kind: error.name, code: String((error as { code?: unknown }).code ?? ''), place: place?.trim() }
}
