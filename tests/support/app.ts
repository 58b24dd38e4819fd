import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, createApp } from '../../src/server/app.ts'
import { readConfig } from '../../src/server/config.ts'
import { type Context, createContext } from '../../src/server/context.ts'
import { listen } from '../../src/server/listen.ts'
import { HandClock } from './home.ts'

export interface RunningApp extends AsyncDisposable {
  app: App
  context: Context
  clock: HandClock
  folder: string
  /** What a browser calls this home. */
  origin: string
}

export interface StartOptions {
  clock?: HandClock
  /** A folder from before, which is then not deleted. */
  folder?: string
}

/** The real app on a real database in a folder of its own, behind the real listener on a free port of this machine. */
export async function startApp(options: StartOptions = {}): Promise<RunningApp> {
  const clock = options.clock ?? new HandClock()
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'trallivalli-')))
  const flags = { data: folder, host: '127.0.0.1', port: '0', tls: 'off', log: 'error', open: 'no' }
  const config = readConfig({}, flags)
  const context = await createContext(config, { clock })
  const app = createApp(context)
  const listening = await listen(app, config)
  return {
    ...{ app, context, clock, folder },
    origin: `http://localhost:${listening.httpPort}`,
    async [Symbol.asyncDispose]() {
      await listening[Symbol.asyncDispose]()
      app[Symbol.dispose]()
      await context[Symbol.asyncDispose]()
      if (!options.folder) await rm(folder, { recursive: true, force: true })
    },
  }
}
