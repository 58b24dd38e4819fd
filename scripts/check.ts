import { Glob } from 'bun'

interface Step {
  name: string
  /** Beside each other, each in a process of its own: no lane leaves the other core idle while it waits. */
  lanes: string[][]
  isTest?: boolean
}
interface Totals {
  passed: number
  failed: number
}

// Tests that start the built program or a browser come last, in an order of their own.
const lastTests = ['tests/binary.test.ts', 'tests/install.test.ts', 'tests/e2e/']
const isLast = (path: string) => lastTests.some((start) => path.startsWith(start))
// These bring processes or browsers of their own and take about as long as all others.
const heavyTests = ['tests/web/', 'tests/state/', 'tests/torture/']
const isHeavy = (path: string) => heavyTests.some((start) => path.startsWith(start))

const tests = (await Array.fromAsync(new Glob('tests/**/*.test.ts').scan('.'))).sort()
const browserTests = tests.filter((path) => path.startsWith('tests/e2e/'))
const binaryTests = tests.filter((path) => isLast(path) && !browserTests.includes(path))

const firstTests = tests.filter((path) => !isLast(path))
const steps: Step[] = [
  { name: 'format and lint', lanes: [['biome', 'check', '.']] },
  { name: 'build web UI', lanes: [['bun', 'scripts/build.ts']] },
  ...['core', 'server', 'web', 'service-worker'].map((name) => ({
    name: `types: ${name}`,
    lanes: [['tsc', '-p', `tsconfig.${name}.json`]],
  })),
  testStep('tests', [firstTests.filter((path) => !isHeavy(path)), firstTests.filter(isHeavy)]),
  { name: 'compile', lanes: [['bun', 'scripts/build.ts', '--compile']] },
  testStep('the program as shipped', [binaryTests]),
  testStep('browser', [browserTests]),
]

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

function testStep(name: string, lanes: string[][]): Step {
  const command = (paths: string[]) => {
    const files = paths.map((path) => `./${path}`)
    return ['bun', 'test', '--timeout', '60000', '--retry', '2', ...files]
  }
  return { name, lanes: lanes.filter((paths) => paths.length > 0).map(command), isTest: true }
}

async function runStep({ name, lanes, isTest }: Step): Promise<boolean> {
  const start = performance.now()
  console.log(`\n=== ${name}`)
  // The first is shown as it goes, the others behind it.
  const outcomes = await Promise.all(lanes.map((command, index) => run(command, index === 0)))
  for (const { output } of outcomes.slice(1)) process.stdout.write(output)
  for (const { output, isOk } of outcomes) {
    if (isTest) count(output, isOk)
    else if (!isOk) totals.failed++
  }
  const isGood = outcomes.every(({ isOk }) => isOk)
  console.log(`--- ${name}: ${isGood ? 'ok' : 'FAILED'} in ${seconds(start)}`)
  return isGood
}

async function run(command: string[], isShown: boolean): Promise<{ output: string; isOk: boolean }> {
  const child = Bun.spawn(command, {
    stdout: 'pipe',
    stderr: 'pipe',
    env: { ...process.env, PATH: `${process.cwd()}/node_modules/.bin:${process.env['PATH']}` },
  })
  const [out, err] = [isShown ? process.stdout : null, isShown ? process.stderr : null]
  const output = await Promise.all([show(child.stdout, out), show(child.stderr, err)])
  return { output: output.join('\n'), isOk: (await child.exited) === 0 }
}

async function show(from: ReadableStream<Uint8Array>, to: NodeJS.WriteStream | null): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of from) {
    to?.write(chunk)
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
