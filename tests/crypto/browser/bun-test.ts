import { deepEquals, matchesPart } from './equality.ts'

// Stands in for bun:test in a browser: as much of it as the crypto tests use, and an error for anything else.
type Work = () => unknown
interface Case {
  name: string
  work: Work
}
interface Outcome {
  name: string
  failure: string | null
}

const cases: Case[] = []
const beginnings: Work[] = []
const beforeEachOne: Work[] = []
const path: string[] = []

function addTest(name: string, work: Work): void {
  cases.push({ name: [...path, name].join(' > '), work })
}
function addGroup(name: string, work: Work): void {
  path.push(name)
  work()
  path.pop()
}

export const test = Object.assign(addTest, { skipIf: (isSkipped: boolean) => (isSkipped ? () => undefined : addTest) })
export const describe = Object.assign(addGroup, {
  skipIf: (isSkipped: boolean) => (isSkipped ? () => undefined : addGroup),
})
export const beforeAll = (work: Work) => beginnings.push(work)
export const beforeEach = (work: Work) => beforeEachOne.push(work)
export const setDefaultTimeout = (): undefined => undefined

export async function runAll(): Promise<Outcome[]> {
  for (const work of beginnings) await work()
  const outcomes: Outcome[] = []
  for (const { name, work } of cases) {
    try {
      for (const begin of beforeEachOne) await begin()
      await work()
      outcomes.push({ name, failure: null })
    } catch (error) {
      outcomes.push({ name, failure: String((error as Error)?.stack ?? error) })
    }
  }
  return outcomes
}

function thrownBy(work: Work): { error: unknown } | null {
  try {
    work()
    return null
  } catch (error) {
    return { error }
  }
}

function isExpectedError(error: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true
  if (typeof wanted === 'function') return error instanceof (wanted as new () => unknown)
  if (wanted instanceof RegExp) return wanted.test(String((error as Error).message))
  return String((error as Error).message).includes(String(wanted))
}

const judges: Record<string, (value: never, wanted: never) => boolean> = {
  toBe: (value: unknown, wanted: unknown) => Object.is(value, wanted),
  toEqual: (value: unknown, wanted: unknown) => deepEquals(value, wanted),
  toMatchObject: (value: unknown, wanted: unknown) => matchesPart(value, wanted),
  toBeNull: (value: unknown) => value === null,
  toBeGreaterThan: (value: number, wanted: number) => value > wanted,
  toBeGreaterThanOrEqual: (value: number, wanted: number) => value >= wanted,
  toBeLessThanOrEqual: (value: number, wanted: number) => value <= wanted,
  toContain: (value: string | unknown[], wanted: never) => value.includes(wanted),
  toMatch: (value: string, wanted: RegExp) => wanted.test(value),
  toStartWith: (value: string, wanted: string) => value.startsWith(wanted),
  toBeInstanceOf: (value: unknown, wanted: new () => unknown) => value instanceof wanted,
  toThrow(value: Work, wanted: unknown) {
    const thrown = thrownBy(value)
    return thrown !== null && isExpectedError(thrown.error, wanted)
  },
}

type Matchers = Record<string, (wanted?: unknown) => void>

function matchers(value: unknown, hint: string | undefined, isNegated: boolean): Matchers {
  return Object.fromEntries(
    Object.entries(judges).map(([name, judge]) => [
      name,
      (wanted?: unknown) => {
        if (judge(value as never, wanted as never) !== isNegated) return
        throw new Error(`${hint ?? ''} ${isNegated ? 'not ' : ''}${name}: ${show(value)} against ${show(wanted)}`)
      },
    ]),
  )
}

function show(value: unknown): string {
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).slice(0, 300)
}

async function rejection(value: unknown): Promise<unknown> {
  const outcome = await Promise.resolve(typeof value === 'function' ? (value as Work)() : value).then(
    () => ({ isRejected: false, error: null as unknown }),
    (error: unknown) => ({ isRejected: true, error }),
  )
  if (!outcome.isRejected) throw new Error('resolved, but should have been rejected')
  return outcome.error
}

export function expect(value: unknown, hint?: string) {
  return {
    ...matchers(value, hint, false),
    not: matchers(value, hint, true),
    rejects: {
      async toThrow(wanted?: unknown) {
        if (!isExpectedError(await rejection(value), wanted)) throw new Error(`${hint ?? ''} rejected otherwise`)
      },
      async toBeInstanceOf(wanted: unknown) {
        if (!isExpectedError(await rejection(value), wanted)) throw new Error(`${hint ?? ''} rejected otherwise`)
      },
    },
  }
}
