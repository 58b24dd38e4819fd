import { type BuildConfig, type BuildOutput, CryptoHasher, file } from 'bun'

export interface Bundle {
  files: Map<string, Uint8Array>
  /** Entry file (as given) -> its address. */
  entries: Map<string, string>
  /** Address -> addresses it imports, by kind. */
  imports: Map<string, { url: string; isLazy: boolean }[]>
}

export function shortHash(body: string | Uint8Array): string {
  return new CryptoHasher('sha256').update(body).digest('hex').slice(0, 12)
}

function options(production: boolean): Partial<BuildConfig> {
  return {
    target: 'browser',
    format: 'esm',
    splitting: true,
    minify: production,
    sourcemap: production ? 'none' : 'inline',
    publicPath: '/',
    metafile: true,
    drop: production ? ['debugger'] : [],
    naming: {
      entry: 'assets/[name]-[hash].[ext]',
      chunk: 'assets/[name]-[hash].[ext]',
      asset: 'assets/[name]-[hash].[ext]',
    },
  }
}

// Without NODE_ENV Lit's development build would ship.
function environment(production: boolean): Record<string, string> {
  return { 'process.env.NODE_ENV': JSON.stringify(production ? 'production' : 'development') }
}

export async function bundle(
  entrypoints: string[],
  production: boolean,
  define: Record<string, string>,
): Promise<Bundle> {
  const built = await Bun.build({
    ...options(production),
    entrypoints,
    define: { ...environment(production), ...define },
  })
  return collect(built)
}

export async function bundleServiceWorker(
  entry: string,
  production: boolean,
  define: Record<string, string>,
): Promise<string> {
  const built = await Bun.build({
    entrypoints: [entry],
    target: 'browser',
    format: 'iife',
    minify: production,
    define: { ...environment(production), ...define },
  })
  return built.outputs[0]!.text()
}

const toUrl = (path: string) => `/${path.replace(/^\.?\//, '')}`

async function collect(built: BuildOutput): Promise<Bundle> {
  const result: Bundle = { files: new Map(), entries: new Map(), imports: new Map() }
  for (const output of built.outputs) result.files.set(toUrl(output.path), new Uint8Array(await output.arrayBuffer()))
  for (const [path, output] of Object.entries(built.metafile?.outputs ?? {})) {
    if (output.entryPoint) result.entries.set(output.entryPoint, toUrl(path))
    result.imports.set(
      toUrl(path),
      output.imports.map(({ path: imported, kind }) => ({ url: toUrl(imported), isLazy: kind === 'dynamic-import' })),
    )
  }
  return result
}

export function closure({ imports }: Bundle, from: string, withLazy: boolean): Set<string> {
  const seen = new Set<string>([from])
  for (const url of seen) {
    for (const imported of imports.get(url) ?? []) if (withLazy || !imported.isLazy) seen.add(imported.url)
  }
  return seen
}

export function sizeOf(path: string): number {
  return file(path).size
}
