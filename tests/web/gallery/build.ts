import { fileURLToPath } from 'node:url'
import { buildCss } from '../../../scripts/css.ts'
import { contentSecurityPolicy } from '../../../src/server/content-security-policy.ts'

/** Builds the gallery and serves it on a free port, under the product's own content security policy. */
export async function serveGallery(entry = 'tests/web/gallery/page/main.ts') {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const [built, css, boot] = await Promise.all([
    Bun.build({
      entrypoints: [root + entry],
      target: 'browser',
      splitting: true,
      minify: true,
      publicPath: '/',
      define: { 'process.env.NODE_ENV': '"production"' },
    }),
    buildCss(`${root}web/styles.css`, true),
    Bun.file(`${root}web/theme-boot.js`).text(),
  ])
  const hash = `sha256-${new Bun.CryptoHasher('sha256').update(boot).digest('base64')}`
  const page = (await Bun.file(`${root}web/index.html`).text()).replace(
    '<!--head-->',
    () =>
      `<script>${boot}</script><link rel="stylesheet" href="/styles.css"><script type="module" src="/${entry.split('/').pop()!.replace('.ts', '.js')}"></script>`,
  )
  const files = new Map(built.outputs.map((output) => [`/${output.path.split('/').pop()}`, output]))
  const headers = { 'content-security-policy': contentSecurityPolicy(hash) }
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/styles.css') return new Response(css, { headers: { ...headers, 'content-type': 'text/css' } })
      const script = files.get(pathname)
      if (script) return new Response(script, { headers: { ...headers, 'content-type': 'text/javascript' } })
      if (/\.\w+$/.test(pathname)) return new Response(Bun.file(`${root}web/public${pathname}`), { headers })
      return new Response(page, { headers: { ...headers, 'content-type': 'text/html; charset=utf-8' } })
    },
  })
}
