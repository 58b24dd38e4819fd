import { createApp } from '../../src/server/app.ts'
import { readConfig } from '../../src/server/config.ts'
import { createContext } from '../../src/server/context.ts'
import { listen } from '../../src/server/listen.ts'

// The real server in a process of its own; only the bound on one device's frames a second is lifted, since one sender of the
// bench stands for many. `dist/trallivalli` is measured where that bound does not matter.

const [folder = ''] = Bun.argv.slice(2)
const flags = { data: folder, host: '127.0.0.1', port: '0', tls: 'off', log: 'error', open: 'no' }
const config = readConfig({}, flags)
const context = await createContext(config)
const lifted = { framesPerSecond: 1e9, frameBurst: 1e9 }
const app = createApp(context, { socketLimits: lifted })
const listening = await listen(app, config)
console.log(listening.httpPort)

process.stdin.resume().once('close', () => process.exit(0))
process.once('SIGTERM', async () => {
  await listening[Symbol.asyncDispose]()
  app[Symbol.dispose]()
  await context[Symbol.asyncDispose]()
  process.exit(0)
})
