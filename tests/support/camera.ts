import { chromium } from 'playwright-core'
import { encodeQR } from 'qr'
import { chromiumPath, Visitor } from './browser.ts'

const width = 640
const height = 480

/** A short film (Y4M, 4:2:0) of nothing but this code, for a camera that is not there. */
export function filmOf(text: string): Uint8Array {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: 4 })
  const scale = Math.floor(Math.min(width, height) / modules.length)
  const left = Math.floor((width - modules.length * scale) / 2)
  const top = Math.floor((height - modules.length * scale) / 2)
  const luma = new Uint8Array(width * height).fill(200)
  for (const [y, line] of modules.entries()) {
    for (const [x, isDark] of line.entries()) {
      for (let row = 0; row < scale; row++) {
        const at = (top + y * scale + row) * width + left + x * scale
        luma.fill(isDark ? 20 : 235, at, at + scale)
      }
    }
  }
  const colour = new Uint8Array((width * height) / 2).fill(128)
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, colour])
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`), frame, frame, frame])
}

/** A browser of its own whose camera shows the film in this file; ends with `await using`. */
export async function openWithCamera(name: string, film: string): Promise<Visitor & AsyncDisposable> {
  const camera = ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film}`]
  const args = ['--no-sandbox', '--disable-gpu', ...camera]
  const browser = await chromium.launch({ executablePath: chromiumPath!, args })
  const context = await browser.newContext({ locale: 'en-GB', permissions: ['camera'] })
  const visitor = await Visitor.open(name, context)
  return Object.assign(visitor, { [Symbol.asyncDispose]: () => browser.close() })
}
