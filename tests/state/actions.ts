import { createClient } from '../../src/client/client.ts'
import type { DeviceId } from '../../src/protocol/ids.ts'
import { Between } from '../hostile/between.ts'
import { BunPlatform } from '../support/bun-platform.ts'
import type { Member } from '../support/member.ts'
import { Walker } from './walker.ts'
import type { World } from './world.ts'

/** How often each happens, relative to the others. */
export const weights = {
  ...{ say: 8, direct: 4, lose: 2, double: 2, reorder: 2, tamper: 2, crash: 2, away: 2, back: 3, tab: 1, hour: 1 },
  ...{ link: 1, brokenLink: 1, kit: 1, brokenKit: 1, dropDevice: 2, removeMember: 2, addMember: 2 },
} as const
export type Kind = keyof typeof weights
export type Action = { do: Kind; who: number; many: number }

const HOUR_MS = 3_600_000
/** It takes a moment to find and type a secret; a home does not take them faster. */
const TYPING_MS = 40_000

/** Does it; false where it cannot be done now. */
export async function act(world: World, { do: what, who, many }: Action): Promise<boolean> {
  const { walkers, people } = world
  const walker = walkers[who % walkers.length]!
  const away = walkers.filter(({ isAway }) => isAway)
  const person = people[many % people.length]!
  const guests = people.slice(1).filter((guest) => world.members.has(guest) === (what === 'removeMember'))
  switch (what) {
    case 'say':
      return world.say(walker)
    case 'direct':
      return person !== walker.person && world.say(walker, person)
    case 'lose':
    case 'double':
    case 'reorder':
    case 'tamper':
      return disturb(world, walker, { how: what, many })
    case 'crash':
      return crash(world, walker, many)
    case 'away':
      if (walker.isAway) return false
      walker.goAway()
      return world.say(walker)
    case 'back':
      await away[who % away.length]?.comeBack()
      return away.length > 0
    case 'tab':
      return openSecondPage(world, walker)
    case 'hour':
      world.clock.move(HOUR_MS)
      return true
    case 'link':
    case 'brokenLink':
      return link(world, walker, what === 'link' ? null : many % 4)
    case 'kit':
    case 'brokenKit':
      return recover(world, walker, what === 'kit' ? null : many % 4)
    case 'dropDevice':
      return dropDevice(world, walker, many)
    case 'removeMember':
    case 'addMember':
      if (guests.length > 0) await world.setMember(guests[many % guests.length]!, what === 'addMember')
      return guests.length > 0
  }
}

/** Loses, doubles, turns around or changes the next sealed frames for this device, and makes sure that there are some. */
async function disturb(
  world: World,
  walker: Walker,
  { how, many }: { how: 'lose' | 'double' | 'reorder' | 'tamper'; many: number },
): Promise<boolean> {
  walker.trouble(how, 1 + (many % 4), many * 61)
  const other = world.walkers.find(({ person, isAway }) => person !== walker.person && !isAway)
  if (other) await world.say(other, many % 2 === 0 ? null : walker.person)
  return true
}

/** The page is gone before one of its next commits, while it speaks and hears. */
async function crash(world: World, walker: Walker, many: number): Promise<boolean> {
  const { member } = walker
  const gone = member.storage.crashAfter(many % 13)
  const other = world.walkers.find((candidate) => candidate !== walker && !candidate.isAway)
  const heard = other ? world.say(other) : Promise.resolve(false)
  const said = world.say(walker).then(() => untilQuiet(world, walker))
  said.catch(() => undefined)
  await Promise.race([gone, said])
  await heard
  await walker.restart({ isCrash: true })
  return true
}

/** Its home took all that it said, or refused it. */
function untilQuiet(world: World, walker: Walker): Promise<unknown> {
  const own = world.words.filter(({ by }) => by === walker)
  const areSent = () => walker.isAway || own.every((words) => walker.stateOf(words) !== 'sending')
  return walker.member.until('what it said to be sent', areSent)
}

/** A second page of the same profile waits for the first to end, then owns the device and says what it was asked to. */
async function openSecondPage(world: World, walker: Walker): Promise<boolean> {
  const { member } = walker
  const { storage, cookies, platform: first } = member
  const { clock } = world
  if (!walker.knows(world.group)) return false
  const platform = new BunPlatform({ url: world.home.url, storage, cookies, clock: clock.client })
  platform.holdLock = (name, work) => first.holdLock(name, work)
  const at = new Between({ platform } as Member)
  at.toHome = (frame) => {
    world.ledger.note(frame)
    return [frame]
  }
  const second = createClient(platform)
  const said = world.say(walker, null, second)
  await world.say(walker)
  await member.client[Symbol.asyncDispose]()
  await said
  await second[Symbol.asyncDispose]()
  await walker.restart()
  return true
}

/** Lets `become` make a device of a new browser. `commits`: after so many its page is gone, once. */
async function bringDevice(
  world: World,
  walker: Walker,
  { become, commits }: { become: (fresh: Member) => Promise<unknown>; commits: number | null },
): Promise<boolean> {
  const { person } = walker
  const fresh = world.visitor(`${person.name} ${world.nextNumber()}`)
  const added = new Walker(fresh, person, world.ledger)
  added.isNew = true
  const gone = commits === null ? null : fresh.storage.crashAfter(commits)
  const became = become(fresh)
  became.catch(() => undefined)
  await (gone === null ? became : Promise.race([gone, became]))
  if (fresh.storage.hasCrashed) {
    await added.reopen({ isCrash: true })
    if (added.isInside) await added.comeBack()
  } else fresh.storage.revive()
  if (!added.isInside) {
    await fresh[Symbol.asyncDispose]()
    return true
  }
  await fresh.until('being online', () => added.isOnline)
  person.devices.push(added)
  if (world.members.has(person)) await fresh.until('the group', () => added.knows(world.group))
  return true
}

/** A new device from the recovery kit. */
async function recover(world: World, walker: Walker, commits: number | null): Promise<boolean> {
  const { person } = walker
  if (!world.hasRoom(person)) return false
  world.clock.move(TYPING_MS)
  const become = (fresh: Member) => fresh.client.signIn(person.signInName, person.owner.recoveryCode)
  return bringDevice(world, walker, { become, commits })
}

/** A new device linked by this one. */
async function link(world: World, walker: Walker, commits: number | null): Promise<boolean> {
  if (!world.hasRoom(walker.person)) return false
  if (walker.isAway) await walker.comeBack()
  const { client } = walker.member
  const become = async (fresh: Member) => {
    const asNew = fresh.client.linkAsNew(null)
    const refused = asNew.then(() => Promise.reject(new Error('linked to nobody')))
    const shown = fresh.until('the code', ({ view }) => view.linking?.linking?.code)
    const code = await Promise.race([shown, refused])
    const other = client.linkOther(code)
    for (const end of [asNew, other, refused]) end.catch(() => undefined)
    await walker.member.until('the digits', ({ view }) => view.linking?.linking?.stage === 'comparing')
    await client.confirmLink(`${fresh.name}'s`)
    await Promise.all([asNew, other])
  }
  const isDone = await bringDevice(world, walker, { become, commits })
  await client.cancelLink()
  return isDone
}

/** Takes out another device of the same person by the passphrase; one that never came before one that is in use. */
async function dropDevice(world: World, walker: Walker, many: number): Promise<boolean> {
  const { person, member } = walker
  const listed = async () => {
    await walker.comeBack()
    return (await member.client.listDevices()).filter(({ isThis }) => !isThis).map(({ deviceId }) => deviceId)
  }
  const inUse = new Map(person.devices.map((device): [DeviceId, Walker] => [device.deviceId, device]))
  const others = await listed()
  const chosen = others.find((deviceId) => !inUse.has(deviceId)) ?? others[many % others.length]
  if (!chosen) return false
  world.clock.move(TYPING_MS)
  await member.client.removeDevice(chosen, person.owner.passphrase)
  const gone = inUse.get(chosen)
  if (gone) {
    world.drop(gone)
    await gone.seeItsEnd()
  }
  return true
}
