// The little of Bun's test runner that tests of the face use: their compiler configuration has the DOM, not Bun.
declare module 'bun:test' {
  export function test(name: string, run: () => void | Promise<void>, timeoutMs?: number): void
  export function describe(name: string, run: () => void): void
  export function beforeEach(run: () => void | Promise<void>): void
  export function afterEach(run: () => void | Promise<void>): void
  interface Matchers {
    readonly not: Matchers
    toBe(expected: unknown): void
    toEqual(expected: unknown): void
    toMatchObject(expected: object): void
    toBeNull(): void
    toContain(expected: unknown): void
    toHaveLength(length: number): void
    toBeGreaterThan(limit: number): void
    toBeLessThan(limit: number): void
    toThrow(expected?: unknown): void
  }
  export function expect(actual: unknown): Matchers
}
