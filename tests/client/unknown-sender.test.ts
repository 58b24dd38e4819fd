import { expect, setDefaultTimeout, test } from 'bun:test'
import { Between } from '../hostile/between.ts'
import { RealHome } from '../support/real-home.ts'
import { hears, knows, say, thread, untilState } from '../support/talk.ts'

setDefaultTimeout(60_000)

test('an envelope of somebody unknown holds up nothing of its own where the home does not answer for the key log', async () => {
  await using home = await RealHome.open()
  const oma = await home.founder()
  const papa = await home.joiner('Papa', oma)
  await papa.inFamily()
  const id = await oma.client.openDirect(papa.accountId)
  const atPapa = await Between.before(papa)
  await knows(papa, id)
  await say(oma, id, 'before')
  await hears(papa, id, 'before')
  const { promise: isAsked, resolve } = Promise.withResolvers<void>()
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>()
  const carry = papa.platform.middle!
  papa.platform.middle = (asked, forward) => {
    if (!asked.path.startsWith('/api/log')) return carry(asked, forward)
    resolve()
    return isOver.then(forward)
  }
  // The account that a first frame names: nobody's.
  const renamed = (frame: Uint8Array) => frame.map((byte, at) => (at === 20 && frame[1] === 1 ? byte ^ 1 : byte))
  atPapa.toDevice = (frame) => {
    if (frame.type !== 'envelopes') return [frame]
    return [{ ...frame, items: frame.items.map((item) => ({ ...item, frame: renamed(item.frame) })) }]
  }
  const kid = await home.joiner('Kid', oma)
  await say(kid, await kid.client.openDirect(papa.accountId), 'hello')
  await isAsked
  expect(await Promise.race([thread(papa, id), Bun.sleep(2_000)])).toEqual(['before'])
  const own = await say(papa, id, 'own')
  await untilState(papa, id, own, 'sent')
  end()
})
