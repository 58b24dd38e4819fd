import { expect } from 'bun:test'
import type { Walker } from './walker.ts'
import type { Words, World } from './world.ts'

/** What a device asks for again by itself it asks for after such times; waiting for it, the clock is moved. */
const NUDGES_MS = [2_000, 2_000, 16_000, 2_000, 130_000, 2_000, 16_000, 910_000, 16_000, 130_000]
/** It is quiet when no device heard, said or stored anything for so many looks in a row, and all were answered. */
const QUIET_LOOKS = 10
const LOOK_MS = 12
const LINES = 120

/** How many words were kept from a device, and how many keys were sealed for the right one. */
export type Converged = { keptFrom: number; sealedFor: number }

/** All lines are good again: everybody who was there ends with the same words, each once; nobody else has any. */
export async function converge(world: World): Promise<Converged> {
  for (const walker of world.walkers) {
    await walker.mend()
    await walker.comeBack()
  }
  await speakOnce(world)
  await untilHeard(world)
  for (const walker of world.walkers) await checkThreads(world, walker)
  let keptFrom = 0
  for (const walker of [...world.walkers, ...world.removed]) keptFrom += checkShown(world, walker)
  expect(world.reports).toEqual([])
  const sealedFor = await world.ledger.checkReaders(world.home)
  expect(world.ledger.faults).toEqual([])
  await rest(world)
  return { keptFrom, sealedFor }
}

/** Life goes on, each time by another voice. Where somebody is out, all must hear it, behind whatever made them outsiders. */
async function speakOnce(world: World): Promise<void> {
  const isForAll = world.removed.length > 0 || world.members.size < world.people.length
  const { walkers, members } = world
  const inside = walkers.filter(({ person }) => isForAll || members.has(person))
  const speaker = inside[world.nextNumber() % inside.length]!
  const id = isForAll ? world.family : world.group
  await speaker.member.until('the conversation', () => speaker.knows(id))
  expect(await world.say(speaker, isForAll ? 'family' : null)).toBe(true)
}

/** Who was out and in again may have learnt of it behind their own words, and tries once more. */
async function retryFailed({ words, members, group }: World): Promise<void> {
  for (const said of words) {
    const { by, id, messageId } = said
    if (by.stateOf(said) !== 'failed' || id !== group || !members.has(by.person) || !by.knows(id)) continue
    await by.member.client.retryMessage(messageId)
  }
}

async function untilHeard(world: World): Promise<void> {
  for (const nudgeMs of NUDGES_MS) {
    if (await areHeard(world)) return
    for (const [walker, { id }] of listMissing(world))
      if (walker.isNew && walker.knows(id)) await walker.lookBack(id, LINES)
    await retryFailed(world)
    world.clock.move(nudgeMs)
  }
  const missing = listMissing(world).map(
    ([walker, words]) => `${walker.name} ${walker.describe(words)}; ${words.by.name} ${words.by.describe(words)}`,
  )
  throw new Error(`never came:\n${missing.join('\n')}`)
}

function listMissing({ walkers, words }: World): [Walker, Words][] {
  return walkers.flatMap((walker) =>
    words.filter((said) => isMissing(walker, said)).map((said): [Walker, Words] => [walker, said]),
  )
}
function isMissing(walker: Walker, words: Words): boolean {
  return words.readers.has(walker.person) && !walker.shows(words)
}

/** Waits as long as anything is under way; false when it is quiet and something is missing. */
async function areHeard(world: World): Promise<boolean> {
  for (let looks = 0, seen = -1; looks < QUIET_LOOKS; looks++) {
    if (listMissing(world).length === 0) return true
    for (const walker of world.walkers) if (!walker.isOnline) await walker.comeBack()
    const traffic = world.walkers.reduce((sum, walker) => sum + walker.traffic, 0)
    const isAnswered = world.walkers.every((walker) => walker.isAnswered)
    if (traffic !== seen || !isAnswered) looks = 0
    seen = traffic
    await Bun.sleep(LOOK_MS)
  }
  return false
}

/** What the device has at rest. */
async function checkThreads(world: World, walker: Walker): Promise<void> {
  const byConversation = Map.groupBy(world.words, ({ id }) => id)
  for (const [id, words] of byConversation) {
    if (!walker.knows(id)) continue
    const { items } = await walker.member.client.loadOlder(id, '~', LINES)
    for (const said of words) checkWords(walker, said, items)
  }
  expect(walker.member.view.phase?.phase).toEqual({ name: 'inside' })
}

type Line = { text: string; senderId: string; messageId: string }
function checkWords(walker: Walker, { text, by, readers, messageId }: Words, items: readonly Line[]): void {
  const found = items.filter((item) => item.text === text || (item.messageId === messageId && item.text !== ''))
  if (readers.has(walker.person) || found.length > 0) {
    const lines = found.map((item) => `${item.senderId} ${item.text}`)
    expect({ on: walker.name, lines }).toEqual({ on: walker.name, lines: [`${by.person.accountId} ${text}`] })
  }
}

/** Nothing was ever shown that nobody said, or that was not for this person. Answers how much was not. */
function checkShown(world: World, walker: Walker): number {
  const wrong = [...walker.everShown].filter((text) => {
    const words = world.everSaid.get(text)
    return words === undefined || isOutside(walker, words)
  })
  expect({ on: walker.name, wrong }).toEqual({ on: walker.name, wrong: [] })
  return world.words.filter((words) => isOutside(walker, words)).length
}

function isOutside(walker: Walker, { mayRead, notFor }: Words): boolean {
  return !mayRead.has(walker.person) || notFor.has(walker)
}

async function rest(world: World): Promise<void> {
  for (const walker of world.removed) await walker.member[Symbol.asyncDispose]()
  world.words = []
  world.removed = []
  for (const walker of world.walkers) walker.rest()
}
