// The development loop: builds unminified, runs the real server from source, and does both again at each change.
// The page is reloaded by hand; the server keeps its data in tmp/dev.
import { watch } from 'node:fs'
import { buildWeb } from './build-web.ts'

const quietMs = 80
let server: Bun.Subprocess | null = null
let timer: ReturnType<typeof setTimeout> | undefined
let running = Promise.resolve()

async function rebuild(changed: string): Promise<void> {
  const start = performance.now()
  try {
    await buildWeb({ production: false })
    await restart()
    console.log(`${changed}: ${Math.round(performance.now() - start)} ms`)
  } catch (error) {
    console.error(error)
  }
}

async function restart(): Promise<void> {
  server?.kill()
  await server?.exited
  server = Bun.spawn(['bun', 'src/main.ts', 'serve', '--data', 'tmp/dev', ...Bun.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit'],
  })
}

function plan(file: string | null): void {
  if (!file || file.endsWith('.generated.ts')) return
  clearTimeout(timer)
  timer = setTimeout(() => {
    running = running.then(() => rebuild(file))
  }, quietMs)
}

for (const folder of ['web', 'src', 'migrations']) watch(folder, { recursive: true }, (_, file) => plan(file))
await rebuild('start')
