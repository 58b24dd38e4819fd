import { createApp } from '../server/app.ts'
import type { Config } from '../server/config.ts'
import type { SocketData } from '../server/connection.ts'
import { type Context, type ContextOverrides, createContext } from '../server/context.ts'
import { RestoreUploads } from '../server/features/backups/uploads.ts'
import type { Listenable } from '../server/front-door.ts'
import { startJobs } from '../server/jobs/index.ts'
import { loadWebBundle, serveWebAssets } from '../server/web-assets.ts'

export interface Home extends AsyncDisposable {
  app: Listenable<SocketData>
  /** What makes its bearer the host; null once the home has one. */
  claimToken: string | null
}

// The seam between the shell and the app: createContext and createApp are called here and nowhere else.
export async function openHome(config: Config, overrides: ContextOverrides = {}): Promise<Home> {
  await new RestoreUploads(config.dataFolder).clear()
  const context = await createContext(config, overrides)
  return closeOnFailure(context, async () => {
    const bundle = await loadWebBundle()
    const app = createApp(context, bundle ? { serveWebAsset: serveWebAssets(bundle) } : {})
    const jobs = startJobs(context)
    return {
      app,
      claimToken: context.claim.value,
      async [Symbol.asyncDispose]() {
        jobs[Symbol.dispose]()
        app[Symbol.dispose]()
        await context[Symbol.asyncDispose]()
      },
    }
  })
}

async function closeOnFailure<T>(context: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await context[Symbol.asyncDispose]()
    throw error
  }
}
