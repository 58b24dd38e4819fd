import { describe, expect, test } from 'bun:test'
import type { Phase } from '../../src/client/api.ts'
import { readClaimToken } from '../../web/features/welcome/claim-link.ts'
import { chooseDoorScreen, type DoorFacts } from '../../web/features/welcome/door.ts'
import { linkUnder } from '../../web/features/welcome/invite-link.ts'
import {
  inviteIdIn,
  type JoinProgress,
  readJoin,
  resumeJoin,
  writeJoin,
} from '../../web/features/welcome/join-progress.ts'
import { groupCode, kitFile } from '../../web/features/welcome/kit.ts'
import {
  readProgress,
  resumeStep,
  type SetupProgress,
  type SetupStep,
  setupSteps,
  writeProgress,
} from '../../web/features/welcome/setup-progress.ts'

const person = {
  name: 'Oma',
  signInName: 'oma',
  isOwnSignInName: true,
  photo: new Uint8Array([0xff, 0xd8, 0xff, 1, 2]),
}
const at = (step: SetupStep | null, change: Partial<SetupProgress> = {}): SetupProgress => ({
  step,
  homeName: 'The Lindqvists',
  person,
  origin: '',
  isKitSkipped: false,
  ...change,
})
const outside = { isInside: false, hasCode: false, isKitConfirmed: false }
const inside = { ...outside, isInside: true }

describe('a setup that is reloaded', () => {
  test('remembers what was written, photo included, for every step', () => {
    for (const step of setupSteps) {
      const progress = at(step, { origin: 'https://home.example', isKitSkipped: true })
      expect(readProgress(writeProgress(progress))).toEqual(progress)
    }
  })

  test('remembers that no photo was chosen', () => {
    const progress = at('you', { person: { ...person, photo: null } })
    expect(readProgress(writeProgress(progress)).person.photo).toBeNull()
  })

  test('forgets what is damaged and what is over', () => {
    expect(readProgress('{"step":"nonsense"}').step).toBeNull()
    expect(readProgress('{').step).toBeNull()
    expect(readProgress('null').step).toBeNull()
    expect(writeProgress(at(null))).toBeNull()
  })

  const before: [SetupStep | null, SetupStep, Partial<SetupProgress>][] = [
    [null, 'choose', {}],
    ['check', 'check', {}],
    ['home', 'home', {}],
    ['you', 'you', {}],
    ['you', 'home', { homeName: '' }],
    ['passphrase', 'passphrase', {}],
    ['passphrase', 'you', { person: { ...person, signInName: '' } }],
    ['restore', 'restore', { homeName: '' }],
    ['kit', 'choose', {}],
    ['invite', 'choose', {}],
  ]
  for (const [step, expected, change] of before) {
    test(`before the home has its founder, goes from ${step} to ${expected}`, () => {
      expect(resumeStep(at(step, change), outside)).toBe(expected)
    })
  }

  const founded: [SetupStep | null, SetupStep | null, object][] = [
    [null, null, {}],
    ['passphrase', 'kit', { hasCode: true }],
    ['passphrase', 'retype', {}],
    ['kit', 'kit', { hasCode: true }],
    ['kit', 'retype', {}],
    ['kit', 'address', { isKitConfirmed: true }],
    ['address', 'address', {}],
    ['invite', 'invite', { isKitConfirmed: true }],
  ]
  for (const [step, expected, facts] of founded) {
    test(`once founded, goes from ${step} to ${expected} with ${JSON.stringify(facts)}`, () => {
      expect(resumeStep(at(step), { ...inside, ...facts })).toBe(expected)
    })
  }

  test('does not ask again for a kit that its owner went on without', () =>
    expect(resumeStep(at('retype', { isKitSkipped: true }), inside)).toBe('address'))
})

describe('joining that is reloaded', () => {
  const inviteId = 'abcdefghijklmnopqrstu'
  const joining = (step: JoinProgress['step'], change: Partial<JoinProgress> = {}): JoinProgress => ({
    step,
    inviteId,
    homeName: 'The Lindqvists',
    inviterName: 'Anna',
    person,
    isKitSkipped: false,
    ...change,
  })
  const facts = { inviteId, isInside: false, hasCode: false, isKitConfirmed: false }

  test('remembers nothing of the invite’s secret', () => {
    const fragment = `#${'k7Qd2mXv9RtLw4Zb'.repeat(7).slice(0, 107)}`
    const text = writeJoin(joining('you', { inviteId: inviteIdIn(fragment) }))!
    expect(readJoin(text).inviteId).toBe(fragment.slice(1, 22))
    expect(text).not.toContain(fragment.slice(1, 24))
  })

  test('goes on at the same invite and begins anew at another', () => {
    expect(resumeJoin(joining('passphrase'), facts)).toBe('passphrase')
    expect(resumeJoin(joining('passphrase'), { ...facts, inviteId: 'another' })).toBe('hello')
    expect(resumeJoin(joining('kit'), facts)).toBe('hello')
  })

  test('inside, settles the kit first, then waits; by another invite, is a member already', () => {
    const isIn = { ...facts, isInside: true }
    expect(resumeJoin(joining('kit'), isIn)).toBe('retype')
    expect(resumeJoin(joining('kit'), { ...isIn, hasCode: true })).toBe('kit')
    expect(resumeJoin(joining('retype'), { ...isIn, isKitConfirmed: true })).toBe('waiting')
    expect(resumeJoin(joining('retype', { isKitSkipped: true }), isIn)).toBe('waiting')
    expect(resumeJoin(joining('kit'), { ...isIn, inviteId: 'another' })).toBeNull()
    expect(resumeJoin(joining(null), isIn)).toBeNull()
  })
})

describe('the door', () => {
  const claimed: Phase = { name: 'outside', isClaimed: true }
  const unclaimed: Phase = { name: 'outside', isClaimed: false }
  const unknown: Phase = { name: 'outside', isClaimed: null }
  const isIn: Phase = { name: 'inside' }
  const facts = (phase: Phase, route: DoorFacts['route'], change: Partial<DoorFacts> = {}): DoorFacts => ({
    phase,
    route,
    isObstructed: false,
    isSettingUp: false,
    hasToken: false,
    wasInside: false,
    ...change,
  })

  const cases: [string, DoorFacts, ReturnType<typeof chooseDoorScreen>][] = [
    ['a stranger at a claimed home signs in', facts(claimed, 'home'), 'signIn'],
    ['a stranger at a fresh home is told of the setup link', facts(unclaimed, 'home'), 'setup'],
    ['an old setup link leads to signing in', facts(claimed, 'setup', { hasToken: true }), 'signIn'],
    ['a restore is not cut off when the home becomes claimed', facts(claimed, 'setup', { isSettingUp: true }), 'setup'],
    ['a stranger sees no app while the client starts', facts({ name: 'starting' }, 'home'), 'waiting'],
    ['a member sees the app while it starts', facts({ name: 'starting' }, 'chat', { wasInside: true }), null],
    ['an invite is opened', facts(claimed, 'join'), 'join'],
    ['nobody knows before the home has answered', facts(unknown, 'home'), 'waiting'],
    ['a founder need not wait for the answer', facts(unknown, 'setup', { hasToken: true }), 'setup'],
    ['a member sees the app', facts(isIn, 'home'), null],
    ['a member with an invite is told', facts(isIn, 'join'), 'join'],
    ['a founder finishes the setup', facts(isIn, 'setup', { isSettingUp: true }), 'setup'],
    ['a member at an old setup link sees the app', facts(isIn, 'setup'), null],
    ['a removed device may sign in', facts({ name: 'removed', reason: 'signed_out' }, 'signIn'), 'signIn'],
    ['nothing works where nothing can', facts(isIn, 'home', { isObstructed: true }), 'blocked'],
  ]
  for (const [name, given, expected] of cases) {
    test(name, () => {
      expect(chooseDoorScreen(given)).toBe(expected)
    })
  }
})

test('a claim token is found in a link or alone, and nothing else is taken for one', () => {
  const token = 'V4k3n-claim_token-0123456789'
  expect(readClaimToken(` https://localhost:8443/setup#${token} `)).toBe(token)
  expect(readClaimToken(token)).toBe(token)
  expect(readClaimToken('https://localhost:8443/setup')).toBeNull()
  expect(readClaimToken('short')).toBeNull()
})

test('an invite link is given out under the address that phones reach', () => {
  expect(linkUnder('https://localhost:8443/i#abc', 'https://192.168.1.20:8443/')).toBe(
    'https://192.168.1.20:8443/i#abc',
  )
  expect(linkUnder('https://localhost:8443/i#abc', '')).toBe('https://localhost:8443/i#abc')
})

test('a recovery code is shown in groups of four however it was spelt', () => {
  expect(groupCode('abcd-efgh ijkl')).toEqual(['ABCD', 'EFGH', 'IJKL'])
})

test('the saved kit carries names as text, whatever is in them', () => {
  const file = kitFile({
    title: 'Kit for <b>Oma</b>',
    facts: [['Home', '"&\'']],
    code: ['ABCD'],
    qr: '<svg></svg>',
    how: '',
    keep: '',
    language: 'en',
  })
  expect(file).toContain('Kit for &lt;b&gt;Oma&lt;/b&gt;')
  expect(file).toContain('&quot;&amp;&#39;')
  expect(file).not.toContain('<b>Oma')
})
