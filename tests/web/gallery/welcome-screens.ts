import type { Page } from 'playwright-core'

export type WelcomeScreen = { path: string; act?: (page: Page) => Promise<void> }

const token = '#claim-token-claim-token-1234'
const invite = `#${'k7Qd2mXv9RtLw4Zb'.repeat(7).slice(0, 107)}`
const press = (page: Page) => page.click('button.btn-primary')
const backup = {
  name: 'lindqvists-2026-11-17.tvbackup',
  mimeType: 'application/octet-stream',
  buffer: Buffer.alloc(4096),
}
const upload = {
  uploadId: 'u1',
  bytes: 9_710_000_000,
  createdAt: Date.UTC(2026, 10, 17, 2, 10),
  formatVersion: 1,
  keyKind: 'passphrase',
}

async function chooseBackup(page: Page): Promise<void> {
  await page.route('**/api/setup/restore', (route) => route.fulfill({ json: upload }))
  await page.setInputFiles('input[type=file]', backup)
  await page.waitForSelector('#backup-key')
}

async function openBackup(page: Page): Promise<void> {
  await chooseBackup(page)
  await page.fill('#backup-key', 'right')
  await press(page)
  await page.waitForSelector('dl')
}

async function applyBackup(page: Page, isClaimed: boolean): Promise<void> {
  await page.route('**/api/setup', (route) =>
    route.fulfill({ json: { isClaimed, version: '0.1.0', protocolVersion: 1 } }),
  )
  await openBackup(page)
  await press(page)
  await page.waitForTimeout(150)
}

const setup = (step: string, more = '') => `/setup?step=${step}${more}${token}`
const inside = (step: string, more = '') => `/setup?phase=inside&step=${step}${more}`
const join = (more: string) => `/i?phase=claimed&${more}${invite}`

/** Every screen before a person is inside, by the address that shows it and what is done on it. */
export const welcomeScreens: Record<string, WelcomeScreen> = {
  token: { path: '/setup' },
  'token-wrong': { path: `/setup?variant=wrong-token${token}` },
  choose: { path: setup('choose') },
  check: { path: setup('check') },
  'check-poor': { path: setup('check', '&variant=poor') },
  'home-name': { path: setup('home') },
  'home-missing': { path: setup('home', '&blank'), act: press },
  you: { path: setup('you') },
  passphrase: { path: setup('passphrase') },
  'passphrase-own': {
    path: setup('passphrase'),
    act: async (page) => {
      await page.locator('[name=passphrase-kind]').nth(1).check({ force: true })
      await page.fill('#own-passphrase', 'quiet lantern bay')
    },
  },
  keys: {
    path: setup('passphrase', '&variant=keys'),
    act: async (page) => {
      await press(page)
      await page.evaluate(() => {
        const { emit } = (globalThis as unknown as { gallery: { emit(event: unknown): void } }).gallery
        emit({ type: 'progress', task: 'sign_up', done: 3, total: 8 })
      })
    },
  },
  kit: { path: inside('kit', '&code') },
  retype: {
    path: inside('retype', '&code'),
    act: async (page) => {
      await page.fill('#kit-group', 'PLUN')
      await press(page)
    },
  },
  'retype-lost': { path: inside('retype') },
  address: { path: inside('address', '&skipped') },
  'address-seen': { path: inside('address', '&skipped&variant=seen') },
  invite: { path: inside('invite', '&skipped') },
  invited: {
    path: inside('invite', '&skipped&variant=invited'),
    act: async (page) => {
      await page.fill('#invitee', 'Grandma')
      await page.click('form button.btn:has(svg)')
    },
  },
  'restore-file': { path: setup('restore') },
  'restore-sending': {
    path: setup('restore'),
    act: async (page) => {
      await page.route('**/api/setup/restore', () => undefined)
      await page.setInputFiles('input[type=file]', backup)
    },
  },
  'restore-key': { path: setup('restore'), act: chooseBackup },
  'restore-wrong': {
    path: setup('restore'),
    act: async (page) => {
      await chooseBackup(page)
      await page.fill('#backup-key', 'wrong')
      await press(page)
    },
  },
  'restore-summary': { path: setup('restore'), act: openBackup },
  'restore-applying': { path: setup('restore'), act: (page) => applyBackup(page, false) },
  'restore-done': { path: setup('restore'), act: (page) => applyBackup(page, true) },
  hello: { path: join('') },
  'join-you': { path: join('join=you') },
  'join-passphrase': { path: join('join=passphrase') },
  'join-waiting': { path: `/i?phase=inside&join=waiting&skipped${invite}` },
  'join-member': { path: `/i?phase=inside${invite}` },
  'join-used': { path: join('variant=used') },
  'join-expired': { path: join('variant=expired') },
  'join-revoked': { path: join('variant=revoked') },
  'join-mangled': { path: join('variant=mangled') },
  'join-unknown': { path: join('variant=unknown') },
  'join-offline': { path: join('variant=offline') },
  'sign-in': { path: '/sign-in?phase=claimed' },
  'sign-in-wrong': {
    path: '/?phase=claimed',
    act: async (page) => {
      await page.fill('#sign-in-name', 'sofia')
      await page.fill('#sign-in-secret', 'six words that are wrong')
      await press(page)
    },
  },
  'sign-in-later': {
    path: '/?phase=claimed&variant=later',
    act: async (page) => {
      await page.fill('#sign-in-name', 'sofia')
      await page.fill('#sign-in-secret', 'six words that are wrong')
      await press(page)
      await page.click('summary')
    },
  },
  unreachable: { path: '/?phase=unknown' },
  insecure: { path: '/?phase=unknown&obstacle=insecure' },
  'no-storage': { path: '/?phase=unknown&obstacle=storage' },
  'too-old': { path: '/?phase=unknown&obstacle=old' },
}
