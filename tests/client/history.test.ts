import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { StoredIdentity } from '../../src/client/identity.ts'
import { createLocalStore } from '../../src/client/local-store.ts'
import { encodePayload } from '../../src/client/payloads.ts'
import { sealArchiveRow } from '../../src/crypto/archive.ts'
import { sealGroupBody } from '../../src/crypto/body.ts'
import { parseBodyHeader } from '../../src/crypto/body-header.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { createChain } from '../../src/crypto/sender-chain.ts'
import { type ConversationId, idFromBytes, idToBytes, type MessageId } from '../../src/protocol/ids.ts'
import { jobs, runJob } from '../../src/server/jobs/index.ts'
import { codeOf, type Member } from '../support/member.ts'
import { MovableClock } from '../support/movable-clock.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, say, shown, thread, untilState, wasTold } from '../support/talk.ts'

setDefaultTimeout(60_000)

let clock: MovableClock
let home: RealHome
let oma: Member
let papa: Member
let mama: Member
let stranger: Member

beforeEach(async () => {
  clock = new MovableClock()
  home = await RealHome.open({ clock: clock.server })
  oma = await home.visitor('Oma', { clock: clock.client }).found(home.claimToken)
  const join = async (name: string) => home.visitor(name, { clock: clock.client }).join(await oma.invite(name))
  papa = await join('Papa')
  mama = await join('Mama')
  stranger = await join('Stranger')
  for (const member of [oma, papa, mama, stranger]) await member.inFamily()
})
afterEach(() => home[Symbol.asyncDispose]())

/** Oma and Papa talk in a group; answers it once both have everything. */
async function talkedGroup(): Promise<ConversationId> {
  const id = await oma.client.createGroup('Garden', null, [papa.accountId])
  await papa.until('the name', (self) => conversation(self, id)?.title === 'Garden')
  await say(oma, id, 'the roses bloom')
  await hears(papa, id, 'the roses bloom')
  const answered = await say(papa, id, 'water them')
  await hears(oma, id, 'water them')
  await untilState(papa, id, answered, 'delivered')
  return id
}
const texts = async (member: Member, id: ConversationId) =>
  (await thread(member, id)).filter((line) => !line.startsWith('['))

describe('a group that shares its history', () => {
  test('shows a newcomer and their later devices what was said before, and nobody else', async () => {
    const id = await talkedGroup()
    expect(await codeOf(papa.client.setHistoryPolicy(id, 'share'))).toBe('not_allowed')
    await oma.client.setHistoryPolicy(id, 'share')
    await papa.until('the policy', (self) => conversation(self, id)?.historyPolicy === 'share')
    await papa.until('a line about it', () =>
      [...shown(papa, id).values()].some(({ notice }) => notice?.kind === 'history_policy'),
    )
    expect(await thread(papa, id)).toContain('[history_policy]')
    await oma.client.addMembers(id, [mama.accountId])
    await knows(mama, id)
    await hears(mama, id, 'the roses bloom')
    await hears(mama, id, 'water them')
    await mama.until('the name', (self) => conversation(self, id)?.title === 'Garden')
    await say(papa, id, 'welcome Mama')
    await hears(mama, id, 'welcome Mama')
    expect(await texts(mama, id)).toEqual(['the roses bloom', 'water them', 'welcome Mama'])
    expect((await thread(mama, id)).filter((line) => line === '[waiting]' || line === '[unreadable]')).toEqual([])
    expect(conversation(mama, id)?.unreadCount).toBe(1)

    // Her own archive has it now.
    await Bun.sleep(1_200)
    const tablet = home.visitor('Tablet', { clock: clock.client })
    await tablet.client.signIn('mama', mama.passphrase)
    await knows(tablet, id)
    await tablet.until('the history', (self) => conversation(self, id)?.preview.text === 'welcome Mama')
    expect(await texts(tablet, id)).toEqual(['the roses bloom', 'water them', 'welcome Mama'])
    expect(conversation(stranger, id)).toBeNull()
    expect(wasTold(stranger, 'roses')).toBe(false)

    // The home holds the sealed keys for thirty days.
    const files = () => home.context.database.all<{ bytes: number }>('SELECT bytes FROM files')
    expect(await files()).toHaveLength(1)
    clock.move(30 * 24 * 3_600_000 + 1)
    await runJob(home.context, jobs.find(({ name }) => name === 'delete-expired-files')!)
    expect(await files()).toHaveLength(0)
  })

  test('leaves disappearing messages out', async () => {
    const id = await talkedGroup()
    await oma.client.setHistoryPolicy(id, 'share')
    await oma.client.setDisappearing(id, 86_400)
    await papa.until('the timer', (self) => conversation(self, id)?.expirySeconds === 86_400)
    await say(papa, id, 'only for those here')
    await hears(oma, id, 'only for those here')
    await oma.client.addMembers(id, [mama.accountId])
    await hears(mama, id, 'water them')
    await mama.until('the timer', (self) => conversation(self, id)?.expirySeconds === 86_400)
    expect(await texts(mama, id)).toEqual(['the roses bloom', 'water them'])
    expect((await thread(mama, id)).includes('[waiting]')).toBe(false)
    expect(wasTold(mama, 'only for those here')).toBe(false)
  })

  test('goes on sharing after a crash between the addition and the bundle', async () => {
    const id = await talkedGroup()
    await oma.client.setHistoryPolicy(id, 'share')
    let isStuck = true
    oma.platform.middle = ({ path }, forward) => {
      if (isStuck && path.startsWith('/api/files/')) return new Promise(() => undefined)
      return forward()
    }
    await oma.client.addMembers(id, [mama.accountId])
    await knows(mama, id)
    isStuck = false
    await oma.restart({ isCrash: true })
    await hears(mama, id, 'the roses bloom')
    expect(await texts(mama, id)).toEqual(['the roses bloom', 'water them'])
  })

  test('shows nothing that whoever adds them made up, even together with the home', async () => {
    const id = await talkedGroup()
    await oma.client.setHistoryPolicy(id, 'share')
    await forge(id, 'Papa never said this')
    await oma.client.addMembers(id, [mama.accountId])
    await hears(mama, id, 'the roses bloom')
    await hears(mama, id, 'water them')
    await say(oma, id, 'welcome')
    await hears(mama, id, 'welcome')
    expect(await texts(mama, id)).toEqual(['the roses bloom', 'water them', 'welcome'])
    expect(wasTold(mama, 'never said')).toBe(false)
  })
})

test('a group that does not share shows a newcomer nothing, not even that it waits', async () => {
  const id = await talkedGroup()
  await oma.client.addMembers(id, [mama.accountId])
  await mama.until('the name', (self) => conversation(self, id)?.title === 'Garden')
  await say(papa, id, 'welcome Mama')
  await hears(mama, id, 'welcome Mama')
  expect(await texts(mama, id)).toEqual(['welcome Mama'])
  expect(await home.context.database.all('SELECT 1 FROM files')).toEqual([])
  expect(wasTold(mama, 'roses')).toBe(false)
})

/** Oma's device and the home make up two bodies of Papa: one under a certificate of nobody, one under Oma's own. */
async function forge(id: ConversationId, text: string): Promise<void> {
  const store = createLocalStore(oma.platform)
  const rows = await home.context.database.all<{ body: Uint8Array }>(
    'SELECT body FROM messages WHERE conversation_id = ? AND class = 0 ORDER BY seq',
    id,
  )
  const header = parseBodyHeader(rows.at(-1)!.body)
  if (header.mode !== 2) throw new Error('not a group')
  const papaId = { userId: idToBytes(papa.accountId), deviceId: idToBytes(papa.view.me!.me.deviceId) }
  const identity = (await store.get<StoredIdentity>('device', 'identity'))!
  const keys = (await store.get<{ keys: { epoch: number; key: Uint8Array }[] }>('device', 'archive-keys'))!.keys
  const omaId = { userId: idToBytes(oma.accountId), deviceId: idToBytes(oma.view.me!.me.deviceId) }
  const place = { convId: header.convId, epoch: header.epoch, convHead: header.convHead, klass: 0 as const }
  const surroundings = { random: systemRandom, now: clock.now() }
  const nobody = generateSigningKeyPair<'device'>()
  const chains = [
    { chain: createChain({ ...papaId, dskSecret: nobody.secretKey }, place, surroundings), deviceId: papaId.deviceId },
    {
      chain: createChain({ ...omaId, dskSecret: identity.dsk.secretKey }, place, surroundings),
      deviceId: omaId.deviceId,
    },
  ]
  for (const { chain, deviceId } of chains) {
    const messageKey = systemRandom(32)
    const msgId = systemRandom(16)
    const { chainId, epoch, signingKey, certificate } = chain
    const fields = { ...place, class: 0 as const, isEphemeral: false, msgId, chainId, iteration: 0 }
    const body = await sealGroupBody(
      messageKey,
      fields,
      {
        ...{
          contentType: 1,
          sentAt: clock.now(),
          sthSize: home.context.keyLog.size,
          sthRoot: home.context.keyLog.treeHead.slice(40, 72),
          expirySeconds: 0,
        },
        ...{ senderUser: papaId.userId, senderDevice: papaId.deviceId },
        payload: encodePayload({ kind: 'text', text }),
      },
      chain.signingSecret,
    )
    const voucher = { chainId, deviceId, epoch, signingKey, certificate }
    await store.commit([{ table: 'chains', key: `voucher/${id}/${idFromBytes(chainId)}`, value: voucher }])
    const messageId = idFromBytes<MessageId>(msgId)
    const row = await sealArchiveRow(
      keys.at(-1)!,
      { userId: omaId.userId, msgId },
      { messageKey, bodyHash: sha256(body) },
      systemRandom,
    )
    await home.context.database.transaction(async (tx) => {
      const next = 'UPDATE conversations SET last_seq = last_seq + 1 WHERE conversation_id = ?'
      await tx.run(next, id)
      await tx.run(
        `INSERT INTO messages (conversation_id, seq, message_id, class, body, received_at)
         SELECT conversation_id, last_seq, ?, 0, ?, ? FROM conversations WHERE conversation_id = ?`,
        ...[messageId, body, clock.now(), id],
      )
      await tx.run('INSERT INTO archive_rows VALUES (?, ?, ?, ?)', oma.accountId, messageId, keys.at(-1)!.epoch, row)
    })
  }
}
