// bun tests/web/gallery/shoot.ts DIR [name…]: pictures of the gallery's screens, on a phone and a desktop, light and dark.
import { mkdir } from 'node:fs/promises'
import { desktop, type Look, launchBrowser, openScreen, phone } from './browser.ts'
import { serveGallery } from './build.ts'
import { type ScreenName, screens } from './screens.ts'

const [directory = 'dist/gallery', ...wanted] = process.argv.slice(2)
const names = (wanted.length ? wanted : Object.keys(screens)) as ScreenName[]
const looks: Record<string, Look & { query?: string }> = {
  'phone-light': { size: phone },
  'phone-dark': { size: phone, theme: 'dark' },
  'desktop-light': { size: desktop },
  'desktop-dark': { size: desktop, theme: 'dark' },
  'desktop-rtl': { size: desktop, query: 'dir=rtl' },
}
const only = process.env['LOOKS']?.split(',')

await mkdir(directory, { recursive: true })
const server = await serveGallery()
const browser = await launchBrowser()
for (const name of names) {
  for (const [look, { query = '', ...options }] of Object.entries(looks)) {
    if (only ? !only.includes(look) : look === 'desktop-rtl' && name !== 'chat') continue
    const address = new URL(screens[name], server.url)
    const url = query ? `${address}${address.search ? '&' : '?'}${query}` : address.href
    const { page, complaints, close } = await openScreen(browser, url, options)
    await page.screenshot({ path: `${directory}/${name}-${look}.png` })
    if (complaints.length) console.log(name, look, complaints)
    await close()
  }
}
await browser.close()
await server.stop(true)
