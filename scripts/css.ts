import { dirname, resolve } from 'node:path'
import { compile, optimize } from '@tailwindcss/node'
import { Scanner } from '@tailwindcss/oxide'

// The engine of Tailwind's own command line, in process. Bun's CSS bundler would lower the result and break
// right-to-left layout.
export async function buildCss(file: string, minify: boolean): Promise<string> {
  const from = resolve(file)
  const base = dirname(from)
  const compiler = await compile(await Bun.file(from).text(), {
    base,
    from,
    shouldRewriteUrls: true,
    onDependency: () => undefined,
  })
  const css = compiler.build(new Scanner({ sources: [...rootSources(compiler.root, base), ...compiler.sources] }).scan())
  return minify ? optimize(css, { minify: true }).code : css
}

type Compiler = Awaited<ReturnType<typeof compile>>

function rootSources(root: Compiler['root'], base: string) {
  if (root === 'none') return []
  if (root === null) return [{ base, pattern: '**/*', negated: false }]
  return [{ ...root, negated: false }]
}
