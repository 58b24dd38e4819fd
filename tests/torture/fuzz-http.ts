import { type Cast, openCast, type Role } from './cast.ts'
import { makeBody, makePath } from './hostile.ts'
import { Dice, type Part, type Report, within } from './report.ts'
import { routeSchemas } from './route-list.ts'

const everybody: readonly Role[] = ['stranger', 'removed', 'outside', 'inside', 'host']
const patienceMs = 2_000
let slowest = { ms: 0, what: '' }
const refusalCode = /^[a-z_]+$/

/** Every route, by everybody, with bodies made from its own schema and worse. */
export const fuzzHttp: Part = {
  name: 'fuzz-http',
  async run(report, { inputs, seed }) {
    const dice = new Dice(seed + 5)
    await using cast = await openCast()
    const { running } = cast
    const missing = running.app.routes.filter((route) => !(route in routeSchemas))
    report.check('every route is fuzzed', missing.length === 0, missing)
    const counts = new Map<string, number>()
    const before = process.memoryUsage().rss
    let total = 0
    for (const route of Object.keys(routeSchemas)) {
      const faults: string[] = []
      for (const role of everybody) {
        for (let count = 0; count < inputs; count++) {
          const fault = await throwAt(cast, { route, role, dice, counts })
          if (fault) faults.push(fault)
          total++
          if (total % 200 === 0) await cast.moveClock(30_000)
        }
      }
      report.check(`${route} answers everything in order`, faults.length === 0, faults.slice(0, 3))
    }
    await judgeHeadersAndMethods(report, cast)
    Bun.gc(true)
    const grownMb = (process.memoryUsage().rss - before) / 1024 / 1024
    report.check('memory stays bounded', grownMb < 400, `${grownMb.toFixed(0)} MB more`)
    report.check('nobody became a host by a prototype', ({} as { role?: string }).role === undefined)
    const shown = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([status, count]) => `${status} ${count}`)
    report.say(`  slowest: ${slowest.ms.toFixed(0)} ms, ${slowest.what}`)
    report.say(`  ${total} requests: ${shown.join(', ')}; ${grownMb.toFixed(0)} MB more memory`)
  },
}

interface Throw {
  route: string
  role: Role
  dice: Dice
  counts: Map<string, number>
}

async function throwAt(cast: Cast, { route, role, dice, counts }: Throw): Promise<string | null> {
  const [method = '', path = ''] = route.split(' ')
  const { group, roles, running } = cast
  // A session that ends would make the rest of the run a stranger's.
  if (route.startsWith('DELETE /api/sessions') && role !== 'stranger' && role !== 'removed') return null
  const ids = [group.conversationId, roles.host.deviceId]
  const target = makePath(dice, path, ids)
  const body = method === 'GET' ? null : makeBody(dice, routeSchemas[route] ?? null)
  const cookie = [...cast.newcomerOf(role).cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const what = `${role} ${method} ${target.slice(0, 80)} (${body?.name ?? 'no body'})`
  const startedAt = performance.now()
  try {
    const response = await within(
      patienceMs,
      what,
      fetch(running.origin + target, {
        method,
        headers: { origin: running.origin, ...(cookie && { cookie }), ...(body && { 'content-type': body.type }) },
        ...(body && { body: body.bytes as Uint8Array<ArrayBuffer> }),
      }),
    )
    slowest = slowest.ms > performance.now() - startedAt ? slowest : { ms: performance.now() - startedAt, what }
    counts.set(String(response.status), (counts.get(String(response.status)) ?? 0) + 1)
    return judge(what, response.status, await response.text())
  } catch (error) {
    return String(error)
  }
}

function judge(what: string, status: number, text: string): string | null {
  if (status >= 500 && status !== 503 && status !== 507) return `${what} -> ${status} ${text.slice(0, 200)}`
  if (status < 400) return null
  try {
    const { error } = JSON.parse(text) as { error?: string }
    return error && refusalCode.test(error) ? null : `${what} -> ${status} without a code: ${text.slice(0, 100)}`
  } catch {
    return `${what} -> ${status} is no JSON: ${text.slice(0, 100)}`
  }
}

async function judgeHeadersAndMethods(report: Report, { running, newcomerOf }: Cast): Promise<void> {
  const token = newcomerOf('host').cookies.get('tv_access') ?? ''
  const odd: Record<string, string>[] = [
    { cookie: 'tv_access=%E0%A4%A; tv_access=; =x; ;;;' },
    { cookie: `tv_access=${token}x` },
    { cookie: `tv_access=${'a.'.repeat(3_000)}` },
    { cookie: 'tv_access=eyJhbGciOiJub25lIn0.e30.' },
    { cookie: 'tv_access=eyJhbGciOiJFZERTQSIsImtpZCI6W119.e30.AAAA' },
    { cookie: 'tv_refresh=...; tv_refresh=a.b.999999999.c' },
    { 'x-forwarded-for': '1, 2, ::, 999.1.1.1, \u00ff' },
    { 'content-length': '5' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ]
  for (const headers of odd) {
    for (const path of [
      '/api/home',
      '/api/sessions/refresh',
      '/health',
      '/api/nothing',
      '/',
      '/%',
      '/assets/../../x',
    ]) {
      for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE', 'PROPFIND']) {
        const what = `${method} ${path} ${JSON.stringify(headers).slice(0, 60)}`
        const answer = await within(patienceMs, what, fetch(running.origin + path, { method, headers })).catch(
          (error) => error,
        )
        const isFine = answer instanceof Response && answer.status < 500
        report.check(
          `${what} is answered in order`,
          isFine,
          answer instanceof Response ? `${answer.status}` : `${answer}`,
        )
        if (answer instanceof Response) await answer.text()
      }
    }
  }
}
