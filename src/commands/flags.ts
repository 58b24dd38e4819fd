import { type ParseArgsConfig, parseArgs } from 'node:util'
import { type Config, readConfig, settings } from '../server/config.ts'
import { UsageError } from './command.ts'

/** Reads the settings that every command shares, from flags first, then from the environment. */
export function configFromFlags(args: string[]): Config {
  const options = Object.fromEntries(settings.map(({ flag }) => [flag, { type: 'string' as const }]))
  return readConfig(process.env, parseFlags(args, options) as Record<string, string | undefined>)
}

/** The data folder alone, for commands that need no other setting. */
export function readDataFolder(flag: string | undefined): string {
  return readConfig(process.env, { data: flag }).dataFolder
}

type FlagOptions = NonNullable<ParseArgsConfig['options']>

/** Strict: an unknown flag is one clear sentence. */
export function parseFlags<Options extends FlagOptions>(args: string[], options: Options) {
  try {
    return parseArgs({ args, options, strict: true }).values
  } catch (error) {
    const [sentence] = (error as Error).message.split(/[.!]?\n|\. /)
    throw new UsageError(`${sentence?.replace(/\.$/, '')}: "trallivalli help" lists what there is.`)
  }
}
