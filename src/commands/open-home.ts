import type { Config } from '../server/config.ts'
import type { Listenable } from '../server/front-door.ts'
import { loadWebBundle, type ServeWebAsset, serveWebAssets } from '../server/web-assets.ts'

export interface Home extends AsyncDisposable {
  app: Listenable<unknown>
  /** What makes its bearer the host; null once the home has one. */
  claimToken: string | null
}

// The seam between the shell and the app: createContext and createApp are called here and nowhere else.
export async function openHome(_config: Config): Promise<Home> {
  const bundle = await loadWebBundle()
  const serve: ServeWebAsset = bundle ? serveWebAssets(bundle) : async () => null
  return {
    app: {
      async handleHttp(request) {
        if (new URL(request.url).pathname === '/health') return Response.json({ ok: true })
        return (await serve(request)) ?? new Response('Not found', { status: 404 })
      },
      upgrade: () => false,
      websocket: { message: () => undefined },
    },
    claimToken: null,
    [Symbol.asyncDispose]: async () => undefined,
  }
}
