import { parseArgs } from 'node:util'
import type { Build } from 'bun'
import { buildWeb, type WebBuild } from './build-web.ts'
import { sizeOf } from './bundle.ts'

const { values } = parseArgs({
  args: Bun.argv.slice(2),
  options: { compile: { type: 'boolean' }, target: { type: 'string' }, outfile: { type: 'string' } },
})

const started = performance.now()
const web = await buildWeb({ production: true })
report(web)
if (values.compile || values.target) await compile(values.target, values.outfile)

function report(built: WebBuild): void {
  for (const { url, body } of built.files) {
    const packed = sizeOf(`dist/web${url}.br`)
    console.log(
      `${String(packed || body.length).padStart(8)}  ${url}${built.preloads.includes(url) || url === built.entry ? '  (first route)' : ''}`,
    )
  }
  const firstRoute = [built.entry, ...built.preloads].reduce((sum, url) => sum + sizeOf(`dist/web${url}.br`), 0)
  const styles = sizeOf(`dist/web${built.styles}.br`)
  console.log(
    `web UI ${built.build} in ${elapsed(started)}: first route ${firstRoute} bytes of JavaScript, ${styles} of CSS (brotli)`,
  )
}

// Elysia builds functions from its own source text: identifier minification breaks it.
async function compile(target: string | undefined, outfile = 'dist/trallivalli'): Promise<void> {
  const start = performance.now()
  await Bun.build({
    entrypoints: ['src/main.ts'],
    target: 'bun',
    format: 'esm',
    bytecode: !target,
    minify: { whitespace: true, syntax: true, identifiers: false },
    define: { 'process.env.NODE_ENV': '"production"' },
    naming: { asset: '[name]-[hash].[ext]' },
    compile: target ? { outfile, target: target as Build.CompileTarget } : { outfile },
  })
  console.log(`${outfile}: ${(sizeOf(outfile) / 1e6).toFixed(0)} MB in ${elapsed(start)}`)
}

function elapsed(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
