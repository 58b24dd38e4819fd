import { Glob } from 'bun'

interface Step {
  name: string
  command: string[]
  isTest?: boolean
}
interface Totals {
  passed: number
  failed: number
}

// Tests that start the built program or a browser come last, in an order of their own.
const lastTests = ['tests/binary.test.ts', 'tests/install.test.ts', 'tests/e2e/']
const isLast = (path: string) => lastTests.some((start) => path.startsWith(start))

const tests = (await Array.fromAsync(new Glob('tests/**/*.test.ts').scan('.'))).sort()
const browserTests = tests.filter((path) => path.startsWith('tests/e2e/'))
const binaryTests = tests.filter((path) => isLast(path) && !browserTests.includes(path))

const steps: Step[] = [
  { name: 'format and lint', command: ['biome', 'check', '.'] },
  { name: 'build web UI', command: ['bun', 'scripts/build.ts'] },
  ...['core', 'server', 'web', 'service-worker'].map((name) => ({
    name: `types: ${name}`,
    command: ['tsc', '-p', `tsconfig.${name}.json`],
  })),
  testStep(
    'tests',
    tests.filter((path) => !isLast(path)),
  ),
  { name: 'compile', command: ['bun', 'scripts/build.ts', '--compile'] },
  testStep('the program as shipped', binaryTests),
  testStep('browser', browserTests),
].filter(({ command }) => command.length > 0)

const totals: Totals = { passed: 0, failed: 0 }
const startedAt = performance.now()
let isGreen = true
for (const step of steps) {
  isGreen = await runStep(step)
  if (!isGreen) break
}
console.log(`\n${isGreen ? 'All green' : 'Stopped at the first failing step'} after ${seconds(startedAt)}`)
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exit(isGreen ? 0 : 1)

function testStep(name: string, paths: string[]): Step {
  return {
    name,
    command:
      paths.length > 0
        ? ['bun', 'test', '--timeout', '60000', '--retry', '2', ...paths.map((path) => `./${path}`)]
        : [],
    isTest: true,
  }
}

async function runStep({ name, command, isTest }: Step): Promise<boolean> {
  const start = performance.now()
  console.log(`\n=== ${name}`)
  const child = Bun.spawn(command, {
    stdout: 'pipe',
    stderr: 'pipe',
    env: { ...process.env, PATH: `${process.cwd()}/node_modules/.bin:${process.env['PATH']}` },
  })
  const output = await Promise.all([show(child.stdout, process.stdout), show(child.stderr, process.stderr)])
  const isOk = (await child.exited) === 0
  if (isTest) count(output.join('\n'), isOk)
  else if (!isOk) totals.failed++
  console.log(`--- ${name}: ${isOk ? 'ok' : 'FAILED'} in ${seconds(start)}`)
  return isOk
}

async function show(from: ReadableStream<Uint8Array>, to: NodeJS.WriteStream): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of from) {
    to.write(chunk)
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

// The summary that `bun test` prints at its end. A run that died before it counts as one failure.
function count(output: string, isOk: boolean): void {
  const passed = sum(output, /^ *(\d+) pass$/gm)
  const failed = sum(output, /^ *(\d+) fail$/gm)
  totals.passed += passed
  totals.failed += isOk ? failed : Math.max(failed, 1)
}

function sum(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0)
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
