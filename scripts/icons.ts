// Draws the PNG icons from web/public/icon.svg with the browser that the tests use. Run by hand after the drawing changes.
import { chromium } from 'playwright-core'

const folder = 'web/public'
const drawing = await Bun.file(`${folder}/icon.svg`).text()
const shape = /<path[^>]*>/.exec(drawing)![0]
const full = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512"><rect width="512" height="512" fill="#00727f" /><g transform="translate(256 256) scale(.86) translate(-256 -256)">${shape}</g></svg>`

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
for (const [name, svg, size] of [
  ['icon-48', drawing, 48],
  ['icon-192', drawing, 192],
  ['icon-512', drawing, 512],
  ['icon-maskable-512', full, 512],
  ['icon-180', full, 180],
] as const) {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  await page.setContent(
    `<style>html,body{margin:0;background:transparent}svg{display:block;width:${size}px}</style>${svg}`,
  )
  await page.screenshot({ path: `${folder}/${name}.png`, omitBackground: true })
  await page.close()
}
await browser.close()
