import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { sealDmBody } from '../../src/crypto/body.ts'
import { concat } from '../../src/crypto/bytes.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { encodeContentKey, encodeOwnDeviceSync, encodeSenderKey } from '../../src/crypto/packets.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { createChain, sealWithChain, senderKeyOf } from '../../src/crypto/sender-chain.ts'
import { type ConversationId, type DeviceId, idToBytes } from '../../src/protocol/ids.ts'
import type { Member } from '../support/member.ts'
import { hears, knows, say, shown, thread } from '../support/talk.ts'
import { Between } from './between.ts'
import { everShown, Operator, placeholders } from './operator.ts'
import { Rogue } from './rogue.ts'

// Real key derivation on a machine that does other things too.
setDefaultTimeout(60_000)

let operator: Operator
let oma: Member
let papa: Member
let mama: Member
let atOma: Between
let atPapa: Between
let atMama: Between
let group: ConversationId

beforeEach(async () => {
  operator = await Operator.open()
  const { home } = operator
  oma = await home.founder()
  papa = await home.joiner('Papa', oma)
  mama = await home.joiner('Mama', oma)
  for (const member of [oma, papa, mama]) await member.inFamily()
  ;[atOma, atPapa, atMama] = [await Between.before(oma), await Between.before(papa), await Between.before(mama)]
  for (const member of [oma, papa, mama]) {
    await member.until('being online', ({ view }) => view.connection?.connection.state === 'online')
  }
  group = await oma.client.createGroup('Group', null, [papa.accountId, mama.accountId])
  for (const member of [papa, mama]) await knows(member, group)
  for (const member of [oma, papa, mama]) await talk(member, group, `hello from ${member.name}`)
})
afterEach(() => operator[Symbol.asyncDispose]())

/** Says something that everybody else reads. */
async function talk(member: Member, id: ConversationId, words: string, readers = [oma, papa, mama]): Promise<void> {
  await say(member, id, words)
  for (const reader of readers) if (reader !== member) await hears(reader, id, words)
}
const deviceOf = (member: Member): DeviceId => member.view.me!.me.deviceId
/** The group goes on as if nothing had happened: what was refused took nothing with it. */
async function stillWorks(id: ConversationId): Promise<void> {
  for (const member of [oma, papa, mama]) await talk(member, id, `${member.name} is still here ${Math.random()}`)
}
function isRefused(member: Member, id: ConversationId, words: string, count = 1): Promise<string[]> {
  return member.until('a place that says why there are no words', (self) => {
    expect(everShown(self, id)).not.toContain(words)
    const found = placeholders(self, id)
    return found.length >= count ? found : null
  })
}

describe('bodies that are', () => {
  test('reordered by the home come out in the order it numbered them, each once, with its own sender', async () => {
    const held: Parameters<typeof atPapa.inject>[0][] = []
    atPapa.toDevice = (frame) => {
      if (frame.type !== 'message') return [frame]
      held.push(frame)
      return []
    }
    for (const words of ['one', 'two', 'three', 'four']) await say(oma, group, words)
    await hears(mama, group, 'four')
    await papa.until('four', () => held.length >= 4)
    atPapa.honest()
    for (const frame of [...held].reverse()) atPapa.inject(frame)
    await hears(papa, group, 'one')
    const texts = (await thread(papa, group)).filter((text) => ['one', 'two', 'three', 'four'].includes(text))
    expect(texts).toEqual(['one', 'two', 'three', 'four'])
    await stillWorks(group)
  })

  test('replayed, under the same number or a new one, are shown once', async () => {
    await talk(oma, group, 'only once')
    const genuine = atPapa.got('message').at(-1)!
    for (let count = 0; count < 3; count++) atPapa.inject(genuine)
    await operator.deliver([atPapa, atMama], group, genuine.body)
    await stillWorks(group)
    for (const reader of [papa, mama]) {
      expect((await thread(reader, group)).filter((text) => text === 'only once')).toEqual(['only once'])
    }
  })

  test('moved into another conversation are not shown there', async () => {
    const other = await oma.client.createGroup('Other', null, [papa.accountId, mama.accountId])
    for (const reader of [papa, mama]) await knows(reader, other)
    await talk(oma, other, 'hello other')
    atPapa.toDevice = (frame) =>
      frame.type === 'message' && frame.conversationId === group
        ? [{ ...frame, conversationId: other, seq: frame.seq + 40 }]
        : [frame]
    await say(oma, group, 'meant for the group')
    await hears(mama, group, 'meant for the group')
    await say(oma, other, 'after')
    await hears(papa, other, 'after')
    expect(everShown(papa, other)).not.toContain('meant for the group')
    expect(everShown(papa, group)).not.toContain('meant for the group')
    atPapa.honest()
    atPapa.cut()
    await hears(papa, group, 'meant for the group')
    expect(everShown(papa, other)).not.toContain('meant for the group')
  })

  test('changed in one bit, anywhere, say so instead of words, and leave the chain as it was', async () => {
    atPapa.toDevice = (frame) => {
      if (frame.type !== 'message' || frame.body[2] !== 0) return [frame]
      const body = frame.body.slice()
      body[130]! ^= 1
      return [{ ...frame, body }]
    }
    await say(oma, group, 'was changed')
    expect(await isRefused(papa, group, 'was changed')).toEqual(['waiting:damaged'])
    atPapa.honest()
    await talk(oma, group, 'is genuine')
  })
})

describe('a member who works with the home', () => {
  test('cannot speak as somebody else by naming them inside a body of the own chain', async () => {
    const rogue = await Rogue.of(mama)
    const forged = await rogue.say(await rogue.chain(group), 'I am Oma', {
      senderUser: idToBytes(oma.accountId),
      senderDevice: idToBytes(deviceOf(oma)),
    })
    await operator.deliver([atPapa], group, forged.body)
    expect(await isRefused(papa, group, 'I am Oma')).toEqual(['waiting:damaged'])
  })

  test('cannot sign a body of somebody else’s chain, whose keys every member has', async () => {
    const rogue = await Rogue.of(mama)
    const omasChain = await (await Rogue.of(oma)).chain(group)
    // What Mama has of it: the chain key, not the signing key. She signs with her own.
    const known = { ...omasChain, signingSecret: (await rogue.chain(group)).signingSecret }
    const asOma = { senderUser: idToBytes(oma.accountId), senderDevice: idToBytes(deviceOf(oma)) }
    const forged = await rogue.say(known, 'signed by another', asOma)
    await operator.deliver([atPapa], group, forged.body)
    expect(await isRefused(papa, group, 'signed by another')).toEqual(['waiting:damaged'])
    await stillWorks(group)
  })

  test('cannot hand out a chain that is certified for another person', async () => {
    const rogue = await Rogue.of(mama)
    const { identity } = rogue
    const place = await rogue.chain(group)
    const chain = createChain(
      { userId: idToBytes(oma.accountId), deviceId: idToBytes(deviceOf(oma)), dskSecret: identity.dsk.secretKey },
      { convId: place.convId, epoch: place.epoch, convHead: place.convHead, klass: 0 },
      { random: systemRandom, now: Date.now() },
    )
    const direct = await mama.client.openDirect(papa.accountId)
    await talk(mama, direct, 'so that there is a session', [papa])
    const frame = await rogue.frame(await rogue.session(deviceOf(papa)), encodeSenderKey(senderKeyOf(chain)))
    atPapa.inject({ type: 'envelopes', items: [{ envelopeId: 9_001, frame }] })
    const asOma = { senderUser: idToBytes(oma.accountId), senderDevice: idToBytes(deviceOf(oma)) }
    const forged = await sealWithChain(
      chain,
      { class: 0, msgId: systemRandom(16) },
      rogue.plaintext('Oma’s chain', asOma),
    )
    await operator.deliver([atPapa], group, forged.body)
    expect(await isRefused(papa, group, 'Oma’s chain')).toEqual(['waiting:no_key'])
  })

  test('cannot give one body two meanings: a key that does not commit opens nothing', async () => {
    const direct = await mama.client.openDirect(papa.accountId)
    await talk(mama, direct, 'so that there is a session', [papa])
    const rogue = await Rogue.of(mama)
    const ids = { convId: idToBytes(direct), msgId: systemRandom(16) }
    const { body } = await sealDmBody(
      systemRandom(32),
      { ...ids, class: 0, isEphemeral: false },
      rogue.plaintext('one meaning'),
    )
    // The other recipient gets another key for the very same bytes.
    const other = encodeContentKey({ ...ids, messageKey: systemRandom(32), bodyHash: sha256(body) })
    const frame = await rogue.frame(await rogue.session(deviceOf(papa)), other)
    atPapa.inject({ type: 'envelopes', items: [{ envelopeId: 9_002, frame }] })
    await operator.deliver([atPapa], direct, body)
    expect(await isRefused(papa, direct, 'one meaning')).toEqual(['waiting:damaged'])
  })

  test('cannot swap the body under a key that was sent for another', async () => {
    const direct = await mama.client.openDirect(papa.accountId)
    await talk(mama, direct, 'so that there is a session', [papa])
    const rogue = await Rogue.of(mama)
    const ids = { convId: idToBytes(direct), msgId: systemRandom(16) }
    const fields = { ...ids, class: 0 as const, isEphemeral: false }
    const messageKey = systemRandom(32)
    const { contentKey } = await sealDmBody(messageKey, fields, rogue.plaintext('what was said'))
    const { body } = await sealDmBody(messageKey, fields, rogue.plaintext('what was put there'))
    const frame = await rogue.frame(await rogue.session(deviceOf(papa)), encodeContentKey(contentKey))
    atPapa.inject({ type: 'envelopes', items: [{ envelopeId: 9_003, frame }] })
    await operator.deliver([atPapa], direct, body)
    expect(await isRefused(papa, direct, 'what was put there')).toEqual(['waiting:damaged'])
  })

  test('cannot make a session skip more than a thousand keys', async () => {
    const direct = await mama.client.openDirect(papa.accountId)
    await talk(mama, direct, 'so that there is a session', [papa])
    const rogue = await Rogue.of(mama)
    const ids = { convId: idToBytes(direct), msgId: systemRandom(16) }
    const fields = { ...ids, class: 0 as const, isEphemeral: false }
    const { body, contentKey } = await sealDmBody(systemRandom(32), fields, rogue.plaintext('a thousand later'))
    const far = await rogue.frame(await rogue.session(deviceOf(papa)), encodeContentKey(contentKey), 1_100)
    atPapa.inject({ type: 'envelopes', items: [{ envelopeId: 9_006, frame: far }] })
    await operator.deliver([atPapa], direct, body)
    expect(await isRefused(papa, direct, 'a thousand later')).toEqual(['waiting:no_key'])
    await talk(mama, direct, 'the session goes on', [papa])
  })

  test('cannot make a device derive thousands of keys by a far iteration', async () => {
    const rogue = await Rogue.of(mama)
    const chain = await rogue.chain(group)
    const far = await rogue.sayAt(chain, chain.iteration + 2001, 'from far away')
    await operator.deliver([atPapa], group, far)
    expect(await isRefused(papa, group, 'from far away')).toEqual(['waiting:damaged'])
    const near = await rogue.sayAt(chain, chain.iteration + 2000, 'as far as may be')
    await operator.deliver([atPapa], group, near)
    await hears(papa, group, 'as far as may be')
    await operator.deliver([atPapa], group, await rogue.sayAt(chain, 0xffffffff % 5000, 'nor again'))
    expect(everShown(papa, group)).not.toContain('nor again')
  })
})

describe('a member who was removed, with the home’s help,', () => {
  test('is not heard any more on the chain of the time before', async () => {
    const rogue = await Rogue.of(mama)
    const chain = await rogue.chain(group)
    await oma.client.removeMember(group, mama.accountId)
    await papa.until('two members', (self) => knownMembers(self) === 2)
    await talk(oma, group, 'she is gone', [papa])
    const late = await rogue.sayAt(chain, chain.iteration + 20, 'I am not gone')
    await operator.deliver([atPapa, atOma], group, late)
    for (const member of [papa, oma])
      expect((await isRefused(member, group, 'I am not gone'))[0]).toMatch(/^unreadable:/)
    // Nor by a page, when a device was away meanwhile.
    const welcomes = atPapa.got('welcome').length
    atPapa.cut()
    await papa.until('a new line', () => atPapa.got('welcome').length > welcomes)
    await operator.deliver([atPapa], group, await rogue.sayAt(chain, chain.iteration + 21, 'still not gone'))
    expect((await isRefused(papa, group, 'still not gone', 2)).length).toBe(2)
    expect(await thread(papa, group)).not.toContain('I am not gone')
  })

  test('is not heard either when nobody has spoken since', async () => {
    const rogue = await Rogue.of(mama)
    const chain = await rogue.chain(group)
    await oma.client.removeMember(group, mama.accountId)
    await papa.until('two members', (self) => knownMembers(self) === 2)
    await operator.deliver([atPapa], group, await rogue.sayAt(chain, chain.iteration + 20, 'quickly'))
    expect((await isRefused(papa, group, 'quickly'))[0]).toMatch(/^unreadable:/)
  })

  test('gets no key of what is said afterwards, although the home still passes everything to them', async () => {
    await oma.client.removeMember(group, mama.accountId)
    await papa.until('two members', (self) => knownMembers(self) === 2)
    const before = atOma.sent('post').length
    await talk(oma, group, 'without Mama', [papa])
    await talk(papa, group, 'quite so', [oma])
    const envelopes = [...atOma.sent('post').slice(before), ...atPapa.sent('post').slice(-1)].flatMap(
      (post) => post.envelopes,
    )
    expect(envelopes.length).toBeGreaterThan(0)
    expect(envelopes.map(({ deviceId }) => deviceId)).not.toContain(deviceOf(mama))
    for (const frame of atPapa.got('message').slice(-2)) atMama.inject(frame)
    await mama.client.openThread(group, 50)
    expect(everShown(mama, group)).not.toContain('without Mama')
  })
})

describe('a device that its person ended, in other hands and with the home’s help,', () => {
  /** Papa's tablet: its thief keeps everything it had; then Papa ends it. */
  async function stolenTablet(): Promise<{ tablet: Member; rogue: Rogue; at: Between; deviceId: DeviceId }> {
    const tablet = operator.home.visitor('Tablet')
    await tablet.client.signIn('papa', papa.passphrase)
    const at = new Between(tablet)
    await knows(tablet, group)
    await talk(tablet, group, 'from the tablet', [oma, mama, papa])
    const rogue = await Rogue.of(tablet)
    return { tablet, rogue, at, deviceId: deviceOf(tablet) }
  }

  test('is not heard in a group on its old chain', async () => {
    const { tablet, rogue } = await stolenTablet()
    const chain = await rogue.chain(group)
    await tablet.client.signOut()
    await talk(papa, group, 'my tablet is gone', [oma, mama])
    const forged = await rogue.sayAt(chain, chain.iteration + 20, 'I am Papa’s tablet')
    await operator.deliver([atOma, atMama], group, forged)
    for (const member of [oma, mama])
      expect((await isRefused(member, group, 'I am Papa’s tablet'))[0]).toMatch(/^unreadable:/)
  })

  test('is not heard in a direct conversation on its old session', async () => {
    const { tablet, rogue: early } = await stolenTablet()
    const direct = await papa.client.openDirect(oma.accountId)
    await talk(papa, direct, 'hello', [oma, tablet])
    await talk(tablet, direct, 'hello from the tablet', [oma])
    const rogue = await Rogue.of(tablet)
    const session = await rogue.session(deviceOf(oma))
    await tablet.client.signOut()
    await talk(papa, direct, 'my tablet is gone', [oma])
    const ids = { convId: idToBytes(direct), msgId: systemRandom(16) }
    const fields = { ...ids, class: 0 as const, isEphemeral: false }
    const { body, contentKey } = await sealDmBody(systemRandom(32), fields, early.plaintext('send money'))
    const frame = await rogue.frame(session, encodeContentKey(contentKey))
    atOma.inject({ type: 'envelopes', items: [{ envelopeId: 9_004, frame }] })
    await operator.deliver([atOma], direct, body)
    expect((await isRefused(oma, direct, 'send money'))[0]).toMatch(/^unreadable:device_ended|waiting:no_key/)
  })

  test('cannot plant an archive key that its thief knows', async () => {
    const { tablet, rogue } = await stolenTablet()
    const notes = await papa.client.openDirect(papa.accountId)
    await knows(tablet, notes)
    await talk(papa, notes, 'to myself', [tablet])
    await talk(tablet, notes, 'and back', [papa])
    const session = await (await Rogue.of(tablet)).session(deviceOf(papa))
    await tablet.client.signOut()
    await talk(oma, group, 'the log is seen', [papa, mama])
    await papa.until('the rotation', () =>
      atPapa.requests.some(({ method, path }) => method === 'PUT' && path === '/api/archive-keys'),
    )
    const planted = systemRandom(32)
    const frame = await rogue.frame(session, encodeOwnDeviceSync({ kind: 'archive_key', epoch: 99, key: planted }))
    atPapa.inject({ type: 'envelopes', items: [{ envelopeId: 9_005, frame }] })
    await say(papa, group, 'archived under a key of mine')
    await hears(oma, group, 'archived under a key of mine')
    const epochs = atPapa.sent('post').map((post) => post.archive?.epoch ?? 0)
    expect(Math.max(...epochs)).toBeLessThan(99)
  })
})

test('a header of garbage, a body of nothing and a frame of a mebibyte change nothing', async () => {
  const garbage = [
    new Uint8Array(0),
    new Uint8Array(200),
    systemRandom(65_536),
    concat(new Uint8Array([1, 2, 0, 0]), systemRandom(400)),
  ]
  for (const body of garbage) {
    atPapa.inject({ type: 'message', conversationId: group, seq: 70, receivedAt: 1, body })
    atPapa.inject({ type: 'envelopes', items: [{ envelopeId: 9_100 + body.length, frame: body }] })
  }
  atPapa.injectBytes(systemRandom(1_048_576))
  atPapa.injectBytes(new Uint8Array([8, 0, 0, 0, 1, ...systemRandom(16), 0xff, 0xff]))
  await stillWorks(group)
  expect(shown(papa, group).size).toBeLessThan(40)
})

function knownMembers(member: Member): number {
  return member.view.conversations?.conversations.find((held) => held.conversationId === group)?.members.length ?? 0
}
