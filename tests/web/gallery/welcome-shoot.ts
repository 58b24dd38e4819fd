// bun tests/web/gallery/welcome-shoot.ts DIR [name…]: pictures of the welcome screens. LOOKS and LOCALE choose which.
import { mkdir } from 'node:fs/promises'
import { desktop, type Look, launchBrowser, openScreen, phone } from './browser.ts'
import { serveGallery } from './build.ts'
import { welcomeScreens } from './welcome-screens.ts'

const [directory = 'dist/gallery', ...wanted] = process.argv.slice(2)
const names = wanted.length ? wanted : Object.keys(welcomeScreens)
const looks: Record<string, Look> = {
  'phone-light': { size: phone },
  'phone-dark': { size: phone, theme: 'dark' },
  'desktop-light': { size: desktop },
  'desktop-dark': { size: desktop, theme: 'dark' },
}
const only = process.env['LOOKS']?.split(',')
const locale = process.env['LOCALE'] ?? 'en-GB'

await mkdir(directory, { recursive: true })
const server = await serveGallery('tests/web/gallery/page/welcome.ts')
const browser = await launchBrowser()
for (const name of names) {
  const { path, act } = welcomeScreens[name]!
  for (const [look, options] of Object.entries(looks)) {
    if (only && !only.includes(look)) continue
    const { page, complaints, close } = await openScreen(browser, new URL(path, server.url).href, {
      ...options,
      locale,
    })
    await act?.(page)
    if (act) await page.waitForTimeout(250)
    await page.screenshot({ path: `${directory}/${name}-${look}.png` })
    if (complaints.length) console.log(name, look, complaints)
    await close()
  }
}
await browser.close()
await server.stop(true)
