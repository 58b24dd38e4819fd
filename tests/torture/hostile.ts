import type { TSchema } from '@sinclair/typebox'
import type { Dice } from './report.ts'

type Json = unknown
type Described = TSchema & Record<string, unknown>

const odd: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  -0,
  2 ** 53,
  2 ** 63,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '😀'.repeat(8),
  'A'.repeat(22),
  'A'.repeat(70_000),
  '../../etc/passwd',
  "' OR 1=1 --",
  '__proto__',
  [],
  {},
  [[]],
  { __proto__: null, toString: 1 },
  { length: 1e9 },
]

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function text(dice: Dice, schema: Described): string {
  const least = Number(schema['minLength'] ?? 0)
  const most = Math.min(Number(schema['maxLength'] ?? 40), least + 300)
  const length = dice.between(least, most)
  const pattern = String(schema['pattern'] ?? '')
  if (pattern.includes('AQgw')) return `${letters(dice, alphabet, 21)}${dice.pick([...'AQgw'])}`
  if (pattern.startsWith('^[a-z0-9]')) return letters(dice, 'abcdefghijklmnopqrstuvwxyz0123456789', length)
  return letters(dice, alphabet, length)
}

function letters(dice: Dice, from: string, count: number): string {
  return Array.from({ length: count }, () => from[dice.between(0, from.length - 1)]).join('')
}

/** Something that a schema takes. */
export function validFor(dice: Dice, input: TSchema): Json {
  const schema = input as Described
  if ('const' in schema) return schema['const']
  if (Array.isArray(schema['anyOf'])) return validFor(dice, dice.pick(schema['anyOf'] as TSchema[]))
  if (schema['type'] === 'object') {
    const required = new Set((schema['required'] as string[]) ?? [])
    const entries = Object.entries(schema['properties'] as Record<string, TSchema>)
    const kept = entries.filter(([name]) => required.has(name) || dice.fraction() < 0.5)
    return Object.fromEntries(kept.map(([name, property]) => [name, validFor(dice, property)]))
  }
  if (schema['type'] === 'array') {
    const least = Number(schema['minItems'] ?? 0)
    const count = dice.between(least, Math.min(Number(schema['maxItems'] ?? 3), least + 3))
    return Array.from({ length: count }, () => validFor(dice, schema['items'] as TSchema))
  }
  if (schema['type'] === 'integer' || schema['type'] === 'number') {
    const least = Number(schema['minimum'] ?? 0)
    const most = Number(schema['maximum'] ?? Number.MAX_SAFE_INTEGER)
    return dice.pick([least, least + 1, Math.min(most, least + dice.between(0, 1_000)), most])
  }
  if (schema['type'] === 'boolean') return dice.fraction() < 0.5
  return text(dice, schema)
}

/** A value with something in it turned into what does not belong there. */
export function spoil(dice: Dice, value: Json, depth = 0): Json {
  if (depth > 0 && dice.fraction() < 0.25) return dice.pick(odd)
  if (Array.isArray(value)) {
    if (dice.fraction() < 0.2) return Array.from({ length: 2_000 }, () => value[0] ?? 0)
    return value.map((item) => spoil(dice, item, depth + 1))
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(() => dice.fraction() > 0.1)
    const spoiled = entries.map(([name, item]) => [name, dice.fraction() < 0.4 ? spoil(dice, item, depth + 1) : item])
    return Object.fromEntries([
      ...spoiled,
      ...(dice.fraction() < 0.3 ? [[letters(dice, alphabet, 5), dice.pick(odd)]] : []),
    ])
  }
  return depth === 0 ? dice.pick(odd) : value
}

/** What travels as the body of a request. */
export interface HostileBody {
  name: string
  bytes: Uint8Array
  type: string
}

const utf8 = new TextEncoder()
const json = 'application/json'

/** One hostile body after another, from the schema of a route, or from nothing where it takes none. */
export function makeBody(dice: Dice, schema: TSchema | null): HostileBody {
  const valid = schema ? validFor(dice, schema) : {}
  const of = (name: string, body: string, type = json) => ({ name, bytes: utf8.encode(body), type })
  const kinds: (() => HostileBody)[] = [
    () => of('valid', JSON.stringify(valid)),
    () => of('valid', JSON.stringify(valid)),
    () => of('spoiled', JSON.stringify(spoil(dice, valid)) ?? 'null'),
    () => of('spoiled', JSON.stringify(spoil(dice, valid)) ?? 'null'),
    () => of('spoiled', JSON.stringify(spoil(dice, valid)) ?? 'null'),
    () => of('cut', JSON.stringify(valid).slice(0, dice.between(0, 200))),
    () =>
      of(
        'wrong type',
        JSON.stringify(valid),
        dice.pick(['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded', 'x', '']),
      ),
    () =>
      of(
        'multipart',
        '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
        'multipart/form-data; boundary=x',
      ),
    () => of('duplicate keys', `${JSON.stringify(valid).replace(/}$/, '')},"accountId":1,"accountId":2}`),
    () =>
      of(
        'prototype',
        `{"__proto__":{"isHost":true,"role":"host"},"constructor":{"prototype":{"role":"host"}},${JSON.stringify(valid).slice(1)}`,
      ),
    () => of('deep', '['.repeat(400_000)),
    () => of('deep', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    () => of('huge', `{"a":"${'x'.repeat(1_048_000)}"}`),
    () => of('too huge', `{"a":"${'x'.repeat(1_100_000)}"}`),
    () => of('many keys', `{${Array.from({ length: 20_000 }, (_, at) => `"k${at}":0`).join(',')}}`),
    () => ({ name: 'raw', bytes: dice.bytes(dice.between(0, 400)), type: json }),
    () => ({ name: 'not UTF-8', bytes: Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d), type: json }),
    () => of('not an object', dice.pick(['null', '1', '"x"', '[]', 'true', ''])),
  ]
  return dice.pick(kinds)()
}

/** A path whose parameters are valid, odd or not even text. */
export function makePath(dice: Dice, path: string, ids: readonly string[]): string {
  const odds = [
    '%00',
    '%E0%A4%A',
    '%ff',
    '..%2f..%2f',
    '%2e%2e',
    'A'.repeat(5_000),
    '__proto__',
    '*',
    'a b',
    '%',
    '%25',
  ]
  const filled = path.replace(/:\w+/g, () => dice.pick([...ids, `${letters(dice, alphabet, 21)}A`, ...odds]))
  const query = dice.pick([
    '',
    '',
    '?from=0',
    '?from=-1',
    '?from=%E0%A4%A',
    '?from=1e9&from=2',
    '?__proto__[x]=1',
    `?from=${'9'.repeat(4_000)}`,
  ])
  return filled + query
}
