import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { LinkView } from '../../src/client/care-api.ts'
import type { HttpAnswer } from '../../src/client/platform.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { systemClock } from '../../src/server/clock.ts'
import type { HttpMiddle } from '../support/bun-platform.ts'
import { codeOf, type Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { hears, say, thread } from '../support/talk.ts'

setDefaultTimeout(60_000)

let home: RealHome
let oma: Member
beforeEach(async () => {
  home = await RealHome.open()
  oma = await home.founder()
  await oma.inFamily()
})
afterEach(() => home[Symbol.asyncDispose]())

const viewOf = (member: Member): LinkView | null => member.view.linking?.linking ?? null
const untilStage = (member: Member, stage: LinkView['stage']): Promise<LinkView> =>
  member.until(stage, (self) => {
    const view = viewOf(self)
    return view?.stage === stage ? view : null
  })
const shownCode = async (member: Member): Promise<string> =>
  (await member.until('the code', (self) => viewOf(self)?.code)) as string

type Shown = 'by the new device' | 'by the old device'

/** Both ends up to where the person compares the digits; the promises settle when the link is over. */
async function meet(shown: Shown, tablet: Member) {
  const isNew = shown === 'by the new device'
  const [shower, scanner] = isNew ? [tablet, oma] : [oma, tablet]
  const shows = isNew ? shower.client.linkAsNew(null) : shower.client.linkOther(null)
  const code = await shownCode(shower)
  const scans = isNew ? scanner.client.linkOther(code) : scanner.client.linkAsNew(code)
  const [old, fresh] = isNew ? [scans, shows] : [shows, scans]
  for (const promise of [old, fresh]) promise.catch(() => undefined)
  return { old, fresh, code }
}

/** History comes page by page: waits until all of it is there. */
async function untilThread(member: Member, id: ConversationId, lines: string[]): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await thread(member, id)).length >= lines.length) break
    await Bun.sleep(50)
  }
  expect(await thread(member, id)).toEqual(lines)
}

async function link(shown: Shown, tablet: Member, name = 'Tablet'): Promise<void> {
  const { old, fresh } = await meet(shown, tablet)
  const seen = await untilStage(oma, 'comparing')
  const seenByNew = await tablet.until('whose device it becomes', (self) => {
    const view = viewOf(self)
    return view?.personName ? view : null
  })
  expect(seen.digits).toMatch(/^\d{6}$/)
  expect(seenByNew.digits).toBe(seen.digits)
  expect(seenByNew.personName).toBe('Oma')
  await oma.client.confirmLink(name)
  await Promise.all([old, fresh])
}

for (const shown of ['by the new device', 'by the old device'] as const) {
  test(`a code shown ${shown} brings everything to it`, async () => {
    const papa = await home.joiner('Papa', oma)
    await papa.inFamily()
    const id = await oma.client.openDirect(papa.accountId)
    await say(oma, id, 'Did you eat?')
    await hears(papa, id, 'Did you eat?')
    await say(papa, id, 'Soup, twice')
    await hears(oma, id, 'Soup, twice')
    const tablet = home.visitor('Tablet')
    await link(shown, tablet)
    expect(tablet.view.phase?.phase).toEqual({ name: 'inside' })
    expect(tablet.view.me?.me).toMatchObject({ accountId: oma.accountId, name: 'Oma', role: 'host' })
    await tablet.until('the conversation', ({ view }) =>
      view.conversations?.conversations.some((conversation) => conversation.conversationId === id),
    )
    await untilThread(tablet, id, ['Did you eat?', 'Soup, twice'])
    await tablet.until('Papa to be verified', ({ people }) => people.some(({ verified }) => verified === 'invite'))
    expect((await oma.client.listDevices()).map(({ name }) => name)).toContain('Tablet')
    expect((await untilStage(oma, 'done')).problem).toBeNull()
    await say(papa, id, 'And you?')
    await hears(tablet, id, 'And you?')
    await say(tablet, id, 'Cake')
    await hears(oma, id, 'Cake')
    await hears(papa, id, 'Cake')
  })
}

test('a linked device links the next one, after a restart of its own', async () => {
  const tablet = home.visitor('Tablet')
  await link('by the new device', tablet)
  await tablet.restart()
  await tablet.until('to be in', ({ view }) => view.phase?.phase.name === 'inside')
  const phone = home.visitor('Phone')
  const fresh = phone.client.linkAsNew(null)
  const old = tablet.client.linkOther(await shownCode(phone))
  await untilStage(tablet, 'comparing')
  await tablet.client.confirmLink('Phone')
  await Promise.all([old, fresh])
  expect(await phone.client.listDevices()).toHaveLength(3)
})

test('when the log moves on meanwhile, the new device proves itself once more', async () => {
  const tablet = home.visitor('Tablet')
  const { old, fresh } = await meet('by the new device', tablet)
  await untilStage(oma, 'comparing')
  const laptop = home.visitor('Laptop')
  await laptop.client.signIn('oma', oma.passphrase)
  await oma.client.confirmLink('Tablet')
  await Promise.all([old, fresh])
  expect(await tablet.client.listDevices()).toHaveLength(3)
})

describe('a link fails with its reason', () => {
  test('for text that is no code, and for a code of the same side', async () => {
    const tablet = home.visitor('Tablet')
    expect(await codeOf(oma.client.linkOther('hello'))).toBe('bad_link_code')
    expect(await codeOf(tablet.client.linkAsNew('hello'))).toBe('bad_link_code')
    void tablet.client.linkAsNew(null).catch(() => undefined)
    const code = await shownCode(tablet)
    const phone = home.visitor('Phone')
    expect(await codeOf(phone.client.linkAsNew(code))).toBe('link_same_side')
    expect(phone.view.phase?.phase.name).toBe('outside')
  })

  test('for a code nobody shows any more', async () => {
    const tablet = home.visitor('Tablet')
    const shows = codeOf(tablet.client.linkAsNew(null))
    const code = await shownCode(tablet)
    await tablet.client.cancelLink()
    expect(await shows).toBe('link_cancelled')
    expect(viewOf(tablet)).toBeNull()
    expect(await codeOf(oma.client.linkOther(code))).toBe('link_gone')
    expect(viewOf(oma)).toMatchObject({ stage: 'failed', problem: 'link_gone', lookAt: 'other' })
    expect(await oma.client.listDevices()).toHaveLength(1)
  })

  test('for a second device with the same code', async () => {
    const tablet = home.visitor('Tablet')
    const { code, old, fresh } = await meet('by the old device', tablet)
    await untilStage(oma, 'comparing')
    const thief = home.visitor('Stranger')
    expect(await codeOf(thief.client.linkAsNew(code))).toBe('link_taken')
    await oma.client.confirmLink('Tablet')
    await Promise.all([old, fresh])
    expect(thief.view.phase?.phase.name).toBe('outside')
    expect(await oma.client.listDevices()).toHaveLength(2)
  })

  for (const who of ['old', 'new'] as const) {
    test(`where the ${who} device stops it, the other says so`, async () => {
      const tablet = home.visitor('Tablet')
      const { old, fresh } = await meet('by the new device', tablet)
      await untilStage(oma, 'comparing')
      await untilStage(tablet, 'comparing')
      await (who === 'old' ? oma : tablet).client.cancelLink()
      expect(await codeOf(old)).toBe('link_cancelled')
      expect(await codeOf(fresh)).toBe('link_cancelled')
      expect(viewOf(who === 'old' ? tablet : oma)).toMatchObject({ stage: 'failed', lookAt: 'other' })
      expect(tablet.view.phase?.phase.name).toBe('outside')
      expect(await oma.client.listDevices()).toHaveLength(1)
    })
  }

  test('after ten minutes', async () => {
    let aheadMs = 0
    await home[Symbol.asyncDispose]()
    home = await RealHome.open({ clock: { ...systemClock, now: () => Date.now() + aheadMs } })
    oma = await home.founder()
    const tablet = home.visitor('Tablet')
    const shows = codeOf(tablet.client.linkAsNew(null))
    const code = await shownCode(tablet)
    aheadMs = 10 * 60_000 + 1
    expect(await codeOf(oma.client.linkOther(code))).toBe('link_gone')
    expect(await shows).toBe('link_gone')
    expect(viewOf(tablet)).toMatchObject({ stage: 'failed', problem: 'link_gone', lookAt: 'this' })
  })
})

describe('a home that meddles', () => {
  /** Changes the n-th letter that this device collects. */
  const spoilLetter =
    (which: number, spoil: (letter: Buffer) => Buffer): HttpMiddle =>
    async ({ path }, forward) => {
      const answer = await forward()
      if (path !== '/api/links/collect') return answer
      const { letters, ending } = answer.json as { letters: string[]; ending: null }
      const seen = letters.map((letter) => {
        const at = count++
        return at === which ? spoil(Buffer.from(letter, 'base64url')).toString('base64url') : letter
      })
      return { ...answer, json: { letters: seen, ending } } as HttpAnswer
    }
  let count = 0
  beforeEach(() => {
    count = 0
  })
  const flipLast = (letter: Buffer) => {
    letter[letter.length - 1]! ^= 1
    return letter
  }

  test('with what the old device sends is refused by the new one', async () => {
    const tablet = home.visitor('Tablet', { middle: spoilLetter(1, flipLast) })
    const { old, fresh } = await meet('by the new device', tablet)
    expect(await codeOf(fresh)).toBe('link_tampered')
    expect(await codeOf(old)).toBe('link_failed')
    expect(await oma.client.listDevices()).toHaveLength(1)
  })

  test('with the key of the scanner is refused, and no digits are shown', async () => {
    const tablet = home.visitor('Tablet', { middle: spoilLetter(0, flipLast) })
    const { old, fresh } = await meet('by the new device', tablet)
    expect(await codeOf(fresh)).toBe('link_tampered')
    expect(await codeOf(old)).toBe('link_failed')
    expect(oma.events.some((event) => event.type === 'linking' && event.linking?.digits)).toBe(false)
  })

  test('with the keys of the new device is refused by the old one', async () => {
    const { platform } = oma
    platform.middle = spoilLetter(0, flipLast)
    const tablet = home.visitor('Tablet')
    const { old, fresh } = await meet('by the new device', tablet)
    expect(await codeOf(old)).toBe('link_tampered')
    expect(await codeOf(fresh)).toBe('link_failed')
    expect(await oma.client.listDevices()).toHaveLength(1)
  })

  test('and shows the new device another log gets no device', async () => {
    const tablet = home.visitor('Tablet', {
      async middle({ path }, forward) {
        const answer = await forward()
        if (!path.startsWith('/api/log')) return answer
        const page = answer.json as { entries: string[]; treeHead: string }
        return { ...answer, json: { ...page, entries: page.entries.slice(0, -1) } }
      },
    })
    const { old, fresh } = await meet('by the new device', tablet)
    await untilStage(oma, 'comparing')
    await oma.client.confirmLink('Tablet')
    expect(await codeOf(fresh)).toBe('untrusted_server')
    expect(await codeOf(old)).toBe('link_failed')
    expect(tablet.view.phase?.phase.name).toBe('outside')
    expect(tablet.storage.dump()).toEqual([])
  })
})
