import { expect, test } from 'bun:test'
import { concat } from '../../src/crypto/bytes.ts'
import { leafHash } from '../../src/crypto/tree.ts'
import { toBase64Url } from '../../src/protocol/ids.ts'
import { Home } from '../support/home.ts'

test('a log that is too long for one call is healed in steps, each proven by the signed head', async () => {
  await using lost = await Home.open()
  const oma = await lost.join('host')
  const sizeInBackup = lost.logSize
  const folder = await lost.snapshot()
  for (let count = 0; count < 4; count++) await lost.join()
  const entries = await lost.context.keyLog.readAll()
  const treeHead = toBase64Url(lost.context.keyLog.treeHead)
  await using home = await Home.restore(folder, lost.clock)
  const offer = (from: number, count: number, restFrom = from + count) => ({
    ...{ from, treeHead, entries: entries.slice(from, from + count).map(toBase64Url) },
    rest: toBase64Url(concat(...entries.slice(restFrom).map(leafHash))),
  })
  const heal = async (body: object) => {
    const response = await fetch(`${home.url}/api/heal/log`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: home.url },
      body: JSON.stringify(body),
    })
    return (await response.json()) as { size?: number; error?: string }
  }
  expect(await heal({ from: 0, entries: [], treeHead })).toMatchObject({ size: sizeInBackup })
  expect(await heal(offer(sizeInBackup, 2, sizeInBackup + 3))).toMatchObject({ error: 'bad_entry' })
  const forged = offer(sizeInBackup, 2)
  expect(await heal({ ...forged, entries: [forged.entries[1], forged.entries[0]] })).toMatchObject({
    error: 'bad_entry',
  })
  const strange = toBase64Url(concat(...entries.slice(sizeInBackup + 2).map(leafHash)).reverse())
  expect(await heal({ ...forged, rest: strange })).toMatchObject({ error: 'bad_entry' })
  expect(home.logSize).toBe(sizeInBackup)
  for (let from = sizeInBackup; from < entries.length; from += 2) {
    const { size } = await heal(offer(from, 2))
    expect(size).toBe(Math.min(from + 2, entries.length))
  }
  expect(await home.context.keyLog.readAll()).toEqual(entries.map((entry) => new Uint8Array(entry)))
  // What was offered before does no harm.
  expect(await heal(offer(sizeInBackup, 2))).toMatchObject({ size: entries.length })
  expect(oma.devices).toHaveLength(1)
})
