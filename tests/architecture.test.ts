import { describe, expect, test } from 'bun:test'
import { dirname, join, normalize } from 'node:path'
import { Glob } from 'bun'

interface Import {
  from: string
  to: string
  isType: boolean
}

const all = new Glob('{src,web,migrations,tests,scripts,bench}/**/*.{ts,js}')
const paths = (await Array.fromAsync(all.scan('.'))).filter((path) => !path.endsWith('.generated.ts')).sort()
const sources = new Map<string, string>()
for (const path of paths) sources.set(path, await Bun.file(path).text())

const product = paths.filter((path) => /^(src|web|migrations)\//.test(path) && !path.endsWith('.d.ts'))
const imports = product.flatMap((from) => listImports(from, sources.get(from)!))
const inside = imports.filter(({ to }) => /^(src|web|migrations|tests|scripts|bench)\//.test(to))
const outside = imports.filter((entry) => !inside.includes(entry))

function listImports(from: string, source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const found: Import[] = []
  const add = (specifier: string, isType: boolean) => found.push({ from, to: locate(from, specifier), isType })
  for (const match of code.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+\sfrom\s+)?['"]([^'"]+)['"]/gm)) {
    add(match[2]!, Boolean(match[1]))
  }
  for (const match of code.matchAll(/(typeof\s+)?\bimport\(\s*['"]([^'"]+)['"]\s*\)/g))
    add(match[2]!, Boolean(match[1]))
  return found
}

function locate(from: string, specifier: string): string {
  return specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : specifier
}

// First row that fits a file is its rule: what of ours it may import. Its own folder is always allowed.
const rules: { files: RegExp; may: RegExp[] }[] = [
  { files: /^src\/protocol\//, may: [] },
  { files: /^src\/crypto\//, may: [/^src\/protocol\//] },
  { files: /^src\/client\//, may: [/^src\/protocol\//, /^src\/crypto\//] },
  { files: /^src\/server\/storage\//, may: [/^src\/server\/(config|log|clock|start-error)\.ts$/, /^migrations\//] },
  {
    files: /^src\/server\/features\//,
    may: [
      /^src\/protocol\//,
      /^src\/server\/([^/]+|tls\/names)\.ts$/,
      /^src\/server\/storage\//,
      /^src\/server\/features\//,
      /^src\/crypto\/verify\.ts$/,
    ],
  },
  {
    files: /^src\/server\/jobs\//,
    may: [/^src\/protocol\//, /^src\/server\/[^/]+\.ts$/, /^src\/server\/storage\//, /^src\/server\/features\//],
  },
  {
    files: /^src\/server\//,
    may: [/^src\/protocol\//, /^src\/server\//, /^migrations\//, /^src\/crypto\/verify\.ts$/],
  },
  { files: /^src\/(commands\/|main\.ts)/, may: [/^src\/(commands|server|client|protocol)\//] },
  { files: /^web\/ui\//, may: [/^web\/element\.ts$/] },
  {
    files: /^web\/features\//,
    may: [/^src\/(client|protocol)\//, /^web\/(ui|words|features)\//, /^web\/[^/]+\.ts$/],
  },
  { files: /^web\//, may: [/^src\/(client|protocol|crypto)\//, /^web\//] },
  { files: /^migrations\//, may: [] },
]

const folderOf = (path: string) =>
  path
    .split('/')
    .slice(0, path.startsWith('web/') || path.startsWith('src/') ? 2 : 1)
    .join('/')

function isAllowed({ from, to }: Import): boolean {
  const rule = rules.find(({ files }) => files.test(from))
  if (!rule) return from === 'src/runtime.d.ts'
  const isOwnFolder = dirname(to).startsWith(dirname(from)) || folderOf(to) === folderOf(from)
  return (
    (isOwnFolder && !from.startsWith('src/server/')) ||
    dirname(to) === dirname(from) ||
    rule.may.some((may) => may.test(to))
  )
}

const show = ({ from, to }: Import) => `${from} -> ${to}`

describe('who may import whom', () => {
  test('there is something to look at', () => {
    expect(product.length).toBeGreaterThan(40)
    expect(inside.length).toBeGreaterThan(60)
    expect(
      inside.filter(({ to }) => !sources.has(to) && !/\.(generated\.ts|sql|json|css|d\.ts)$/.test(to)).map(show),
    ).toEqual([])
  })

  test('each file imports only what its room may', () => {
    expect(inside.filter((entry) => !isAllowed(entry)).map(show)).toEqual([])
  })

  test('the server never reaches a secret key', () => {
    const wrong = inside.filter(({ from, to }) => /^src\/server\//.test(from) && /^src\/(crypto|client)\//.test(to))
    expect(wrong.filter(({ to }) => to !== 'src/crypto/verify.ts').map(show)).toEqual([])
  })

  test('a feature reaches another only through its rules, never its tables or routes', () => {
    const wrong = inside.filter(({ from, to }) => {
      const [mine, other] = [from, to].map((path) => /^src\/server\/features\/([^/]+)\//.exec(path)?.[1])
      return mine && other && mine !== other && /\/(store|routes)\.ts$/.test(to)
    })
    expect(wrong.map(show)).toEqual([])
  })

  test('nothing shipped imports tests, scripts or the benchmark', () => {
    expect(inside.filter(({ to }) => /^(tests|scripts|bench)\//.test(to)).map(show)).toEqual([])
  })

  test('only one file imports libsodium', () => {
    const users = outside.filter(({ to }) => to.startsWith('libsodium')).map(({ from }) => from)
    expect([...new Set(users)].filter((path) => path !== 'src/crypto/sodium.ts')).toEqual([])
  })

  test('there is no cycle', () => {
    expect(findCycle(inside.filter(({ isType }) => !isType))).toEqual([])
  })
})

function findCycle(edges: Import[]): string[] {
  const next = new Map<string, string[]>()
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const walk = (path: string, trail: string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return []
    for (const to of next.get(path) ?? []) {
      const cycle = walk(to, [...trail, path])
      if (cycle.length > 0) return cycle
    }
    done.add(path)
    return []
  }
  for (const path of next.keys()) {
    const cycle = walk(path, [])
    if (cycle.length > 0) return cycle
  }
  return []
}

describe('what a room may touch', () => {
  const withoutComments = (path: string) =>
    sources
      .get(path)!
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/\/\/.*$/gm, '')

  test('the three headless rooms know neither Bun nor Node nor a page', () => {
    const headless = product.filter((path) => /^src\/(protocol|crypto|client)\//.test(path))
    expect(headless.length).toBeGreaterThan(10)
    const forbidden = /\bBun\.|['"](bun|node):|['"]bun['"]|\bprocess\.|\bdocument\.|\bwindow\.|\blocalStorage\b/
    expect(headless.filter((path) => forbidden.test(withoutComments(path)))).toEqual([])
  })

  test('the face knows neither Bun nor Node', () => {
    const face = product.filter((path) => path.startsWith('web/'))
    expect(face.filter((path) => /\bBun\.|['"](bun|node):|['"]bun['"]/.test(withoutComments(path)))).toEqual([])
  })

  test('the face writes no HTML from strings', () => {
    const face = product.filter((path) => path.startsWith('web/'))
    expect(
      face.filter((path) =>
        /innerHTML|outerHTML|insertAdjacentHTML|unsafeHTML|document\.write/.test(withoutComments(path)),
      ),
    ).toEqual([])
  })

  test('there is no any, enum, namespace or default export', () => {
    const wrong = product.filter((path) =>
      /^\s*export default|^\s*(export )?(const )?enum \w|^\s*(export )?namespace \w|: any\b|as any\b/m.test(
        withoutComments(path),
      ),
    )
    expect(wrong).toEqual([])
  })
})

describe('size and names', () => {
  test('no file is longer than 300 lines, crypto 450', () => {
    const counted = product.filter((path) => !/wordlist|word-list|emoji-data|\/locales\/|\/words\//.test(path))
    const tooLong = counted
      .map((path) => ({ path, lines: sources.get(path)!.split('\n').length - 1 }))
      .filter(({ path, lines }) => lines > (path.startsWith('src/crypto/') ? 450 : 300))
    expect(tooLong).toEqual([])
  })

  test('files are kebab-case and named for a noun', () => {
    const names = product.map((path) => path.split('/').at(-1)!)
    expect(names.filter((name) => !/^(\d{4}_)?[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.(ts|js)$/.test(name))).toEqual([])
    expect(product.filter((path) => /(^|\/)(utils?|helpers?|common|manager|service|types)\.ts$/.test(path))).toEqual([])
  })
})
