import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'

const read = (path: string) => readFileSync(new URL(`../../web/${path}`, import.meta.url), 'utf8')
const isThere = (path: string) => existsSync(new URL(`../../web/public${path}`, import.meta.url))

test('every icon and manifest that the page names is there, and so is what the manifest names', () => {
  const named = [...read('index.html').matchAll(/<link[^>]+href="(\/[^"]+)"/g)].map(([, href]) => href!)
  const { icons } = JSON.parse(read('public/manifest.webmanifest')) as { icons: { src: string }[] }
  const all = [...named, ...icons.map(({ src }) => src)]
  expect(all.length).toBeGreaterThan(4)
  expect(all.filter((path) => !isThere(path))).toEqual([])
})
