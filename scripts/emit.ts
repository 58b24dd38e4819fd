import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { shortHash } from './bundle.ts'

export interface WebFile {
  url: string
  body: Uint8Array
  isHashed: boolean
}

const folder = 'dist/web'
const modulePath = 'src/server/web-assets.generated.ts'
const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json',
  webmanifest: 'application/manifest+json',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  png: 'image/png',
  webp: 'image/webp',
  woff2: 'font/woff2',
}

function typeOf(url: string): string {
  const type = types[url.slice(url.lastIndexOf('.') + 1)]
  if (!type) throw new Error(`scripts/emit.ts does not know the type of ${url}`)
  return type
}

const isCompressible = (type: string) => /^(text|application|image\/svg)/.test(type)

interface Variant {
  encoding: 'raw' | 'br' | 'gzip'
  suffix: string
  body: Uint8Array
}

async function variantsOf({ body, url }: WebFile, compress: boolean): Promise<Variant[]> {
  // The suffix keeps Bun from reading .html and .json imports as more than bytes.
  const raw: Variant = { encoding: 'raw', suffix: '.raw', body }
  if (!compress || body.length < 256 || !isCompressible(typeOf(url))) return [raw]
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length }
  const [br, gz] = await Promise.all([promisify(brotliCompress)(body, { params }), promisify(gzip)(body, { level: 9 })])
  const packed: Variant[] = [
    { encoding: 'br', suffix: '.br', body: br },
    { encoding: 'gzip', suffix: '.gz', body: gz },
  ]
  return [raw, ...packed.filter((variant) => variant.body.length < body.length * 0.95)]
}

// The generated module is what carries the UI into the executable: each import is embedded as it is.
export async function emit(
  files: WebFile[],
  facts: { build: string; inlineScriptHash: string },
  compress: boolean,
): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  const imports: string[] = []
  const rows: string[] = []
  for (const file of files) {
    const parts: string[] = []
    for (const variant of await variantsOf(file, compress)) {
      const path = `${folder}${file.url}${variant.suffix}`
      await mkdir(dirname(path), { recursive: true })
      await Bun.write(path, variant.body)
      parts.push(`${variant.encoding}: f${imports.length}`)
      imports.push(`import f${imports.length} from '../../${path}' with { type: 'file' }`)
    }
    rows.push(
      `  '${file.url}': { type: '${typeOf(file.url)}', hash: '${shortHash(file.body)}', isHashed: ${file.isHashed}, ${parts.join(', ')} },`,
    )
  }
  const head = '// @ts-nocheck\n// Written by scripts/build.ts. Do not edit.\n'
  const body = `export const assets = {\n${rows.join('\n')}\n}\nexport const build = '${facts.build}'\nexport const inlineScriptHash = '${facts.inlineScriptHash}'\n`
  await Bun.write(modulePath, `${head}${imports.join('\n')}\n${body}`)
}
