import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createLocalStore } from '../../src/client/local-store.ts'
import type { ChainVoucher } from '../../src/client/voucher-shelf.ts'
import { sealArchiveRow } from '../../src/crypto/archive.ts'
import { sealVoucherRow } from '../../src/crypto/archived-voucher.ts'
import { parseBodyHeader } from '../../src/crypto/body-header.ts'
import { hmacSha256, sha256 } from '../../src/crypto/hash.ts'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { createChain, sealWithChain } from '../../src/crypto/sender-chain.ts'
import { type ConversationId, idFromBytes, idToBytes } from '../../src/protocol/ids.ts'
import type { Member } from '../support/member.ts'
import { conversation, hears, knows, say, thread, wasTold } from '../support/talk.ts'
import { alarmOf, everShown, Operator } from './operator.ts'
import { Rogue } from './rogue.ts'

setDefaultTimeout(60_000)

let operator: Operator
let oma: Member
let papa: Member
let kid: Member
let garden: ConversationId
let attic: ConversationId
beforeEach(async () => {
  operator = await Operator.open()
  const { home } = operator
  oma = await home.founder()
  papa = await home.joiner('Papa', oma)
  kid = await home.joiner('Kid', oma)
  for (const member of [oma, papa, kid]) await member.inFamily()
  garden = await talkedGroup('Garden', 'the roses bloom', 'water them')
  attic = await talkedGroup('Attic', 'old letters', 'burn them')
})
afterEach(() => operator[Symbol.asyncDispose]())

/** Oma says one thing and Papa another, in a group that shares its history. */
async function talkedGroup(name: string, omas: string, papas: string): Promise<ConversationId> {
  const id = await oma.client.createGroup(name, null, [papa.accountId])
  await knows(papa, id)
  await oma.client.setHistoryPolicy(id, 'share')
  await papa.until('the policy', (self) => conversation(self, id)?.historyPolicy === 'share')
  await say(oma, id, omas)
  await hears(papa, id, omas)
  await say(papa, id, papas)
  await hears(oma, id, papas)
  for (const member of [oma, papa])
    for (let tries = 0; (await vouchersOf(member, id)).length < 2; tries++) {
      if (tries > 100) throw new Error(`no vouchers of ${member.name}`)
      await Bun.sleep(50)
    }
  return id
}

type Row = { chain: string; row: Uint8Array; epoch: number }
function vouchersOf(member: Member, id: ConversationId): Promise<Row[]> {
  const sql = 'SELECT chain_id AS chain, row, epoch FROM vouchers WHERE account_id = ? AND conversation_id = ?'
  return operator.home.context.database.all<Row>(sql, member.accountId, id)
}
/** Papa's chain of what he said there. */
async function chainOfPapa(id: ConversationId): Promise<string> {
  const sql = 'SELECT body FROM messages WHERE conversation_id = ? AND class = 0 AND sender_account_id = ?'
  const row = await operator.home.context.database.get<{ body: Uint8Array }>(sql, id, papa.accountId)
  const header = parseBodyHeader(row!.body)
  if (header.mode !== 2) throw new Error('not a group')
  return idFromBytes(header.chainId)
}
const replace = (chain: string, row: Uint8Array) =>
  operator.home.context.database.transaction((tx) =>
    tx.run(
      'UPDATE vouchers SET row = ? WHERE account_id = ? AND conversation_id = ? AND chain_id = ?',
      ...[row, oma.accountId, garden, chain],
    ),
  )
const archiveKeyOf = async (member: Member) => {
  type Stored = { keys: { epoch: number; key: Uint8Array }[] }
  return (await createLocalStore(member.platform).get<Stored>('device', 'archive-keys'))!.keys.at(-1)!
}

/** Oma's new device adds Kid to the garden by what the operator left of her archive; answers what Kid sees. */
async function sharedWithKid(): Promise<string[]> {
  const tablet = operator.home.visitor('Tablet')
  await tablet.client.signIn('oma', oma.passphrase)
  await tablet.until('the group', (self) => conversation(self, garden)?.isMember)
  for (const member of [oma, papa]) member.platform.goOffline()
  await tablet.client.addMembers(garden, [kid.accountId])
  await hears(kid, garden, 'the roses bloom')
  await say(tablet, garden, 'welcome Kid')
  await hears(kid, garden, 'welcome Kid')
  await say(kid, garden, 'thank you')
  await hears(tablet, garden, 'thank you')
  for (const member of [tablet, kid]) expect(alarmOf(member)).toBeNull()
  const lines = await thread(kid, garden)
  expect(lines.filter((line) => line === '[waiting]' || line === '[unreadable]')).toEqual([])
  return lines.filter((line) => !line.startsWith('['))
}

const ALL = ['the roses bloom', 'water them', 'welcome Kid', 'thank you']
const WITHOUT_PAPA = ['the roses bloom', 'welcome Kid', 'thank you']

describe('an archived voucher that is', () => {
  test('left alone shares everything', async () => {
    expect(await sharedWithKid()).toEqual(ALL)
  })

  test('replayed into another conversation changes nothing there', async () => {
    const [foreign] = (await vouchersOf(oma, attic)) as [Row]
    await replace(await chainOfPapa(garden), foreign.row)
    // And under its own name, beside those of the garden.
    await operator.home.context.database.transaction((tx) =>
      tx.run(
        'INSERT INTO vouchers VALUES (?, ?, ?, ?, ?)',
        ...[oma.accountId, garden, foreign.chain, foreign.epoch, foreign.row],
      ),
    )
    expect(await sharedWithKid()).toEqual(WITHOUT_PAPA)
    expect(wasTold(kid, 'letters')).toBe(false)
  })

  test('of another account, for the very same chain, changes nothing', async () => {
    const chain = await chainOfPapa(garden)
    const papas = (await vouchersOf(papa, garden)).find((row) => row.chain === chain)!
    await replace(chain, papas.row)
    expect(await sharedWithKid()).toEqual(WITHOUT_PAPA)
  })

  test('exchanged for that of another chain changes nothing', async () => {
    const chain = await chainOfPapa(garden)
    const omas = (await vouchersOf(oma, garden)).find((row) => row.chain !== chain)!
    await replace(chain, omas.row)
    expect(await sharedWithKid()).toEqual(WITHOUT_PAPA)
  })

  test('forged by whoever has another archive key changes nothing', async () => {
    const chain = await chainOfPapa(garden)
    const held = await createLocalStore(oma.platform).get<ChainVoucher>('chains', `voucher/${garden}/${chain}`)
    const { epoch } = await archiveKeyOf(oma)
    const place = { userId: idToBytes(oma.accountId), convId: idToBytes(garden), chainId: held!.chainId }
    await replace(chain, await sealVoucherRow({ epoch, key: systemRandom(32) }, place, held!, systemRandom))
    expect(await sharedWithKid()).toEqual(WITHOUT_PAPA)
  })
})

test('a thief who has the archive key, and the home, put no word into anybody’s mouth', async () => {
  // Rightly sealed in Oma's archive: a chain that is said to be Papa's, which nobody or Oma's own device certified.
  const archiveKey = await archiveKeyOf(oma)
  const { size, treeHead } = operator.home.context.keyLog
  const thief = await Rogue.of(oma, { size, root: treeHead.slice(40, 72) })
  const papaIs = { userId: idToBytes(papa.accountId), deviceId: idToBytes(papa.view.me!.me.deviceId) }
  const omaIs = { userId: idToBytes(oma.accountId), deviceId: idToBytes(oma.view.me!.me.deviceId) }
  const real = await thief.chain(garden)
  const makers = [
    { ...papaIs, dskSecret: generateSigningKeyPair<'device'>().secretKey },
    { ...omaIs, dskSecret: thief.identity.dsk.secretKey },
  ]
  for (const maker of makers) {
    const place = { convId: real.convId, epoch: real.epoch, convHead: real.convHead, klass: 0 as const }
    const chain = createChain(maker, place, { random: systemRandom, now: Date.now() })
    const msgId = systemRandom(16)
    const sender = { senderUser: papaIs.userId, senderDevice: papaIs.deviceId }
    const { body } = await sealWithChain(chain, { class: 0, msgId }, thief.plaintext('Papa never said this', sender))
    const { chainId, epoch, signingKey, certificate } = chain
    const voucher = { chainId, deviceId: maker.deviceId, epoch, signingKey, certificate }
    const row = await sealVoucherRow(
      archiveKey,
      { userId: omaIs.userId, convId: real.convId, chainId },
      voucher,
      systemRandom,
    )
    const messageKey = hmacSha256(chain.chainKey, new Uint8Array([1]))
    const archived = await sealArchiveRow(
      archiveKey,
      { userId: omaIs.userId, msgId },
      { messageKey, bodyHash: sha256(body) },
      systemRandom,
    )
    await operator.home.context.database.transaction(async (tx) => {
      await tx.run('UPDATE conversations SET last_seq = last_seq + 1 WHERE conversation_id = ?', garden)
      await tx.run(
        `INSERT INTO messages (conversation_id, seq, message_id, class, body, received_at)
         SELECT conversation_id, last_seq, ?, 0, ?, ? FROM conversations WHERE conversation_id = ?`,
        ...[idFromBytes<never>(msgId), body, Date.now(), garden],
      )
      await tx.run(
        'INSERT INTO archive_rows VALUES (?, ?, ?, ?)',
        ...[oma.accountId, idFromBytes<never>(msgId), archiveKey.epoch, archived],
      )
      await tx.run(
        'INSERT INTO vouchers VALUES (?, ?, ?, ?, ?)',
        ...[oma.accountId, garden, idFromBytes<never>(chainId), archiveKey.epoch, row],
      )
    })
  }
  expect(await sharedWithKid()).toEqual(ALL)
  expect(everShown(kid, garden)).not.toContain('Papa never said this')
  expect(wasTold(kid, 'never said')).toBe(false)
})
