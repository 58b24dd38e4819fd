import type { AccountId, ConversationId, DeviceId } from '../../src/protocol/ids.ts'
import { toBase64Url } from '../../src/protocol/ids.ts'
import type { RunningApp } from '../support/app.ts'
import { foundHome, InviteLink, inviteMember, Newcomer } from '../support/newcomer.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { addOf, GroupChain, type Signer } from '../support/sealed.ts'

/** A real member with real keys, who talks to the home over HTTP and socket only. */
export interface Actor extends Signer {
  name: string
  newcomer: Newcomer
}

export function actorOf(newcomer: Newcomer): Actor {
  const { accountId, device, signInName } = newcomer
  return { name: signInName, newcomer, accountId, deviceId: device.deviceId, dskSecret: device.dsk.secretKey }
}

/** A home in another process, as those need it who make accounts. */
export function remoteHome(url: string, claimToken: string | null): RunningApp {
  const known = { origin: url, clock: { now: () => Date.now() }, context: { claim: { value: claimToken } } }
  return known as unknown as RunningApp
}

export async function foundFamily(running: RunningApp, names: readonly string[]): Promise<Actor[]> {
  const [first = 'oma', ...others] = names
  const host = await foundHome(running, first)
  const family = [actorOf(host)]
  for (const name of others) family.push(actorOf(await inviteMember(host, name)))
  return family
}

export async function logSize(actor: Actor): Promise<number> {
  return (await actor.newcomer.call('GET', '/api/log')).json.entries.length
}

export async function createGroup(founder: Actor, others: readonly Actor[]): Promise<GroupChain> {
  const chain = new GroupChain()
  const size = await logSize(founder)
  chain.sign(founder, size, { type: 'create', kind: 'group', historyPolicy: 'none' })
  for (const { accountId, newcomer } of others) {
    chain.sign(founder, size, addOf({ accountId, uik: newcomer.root.publicKey }))
  }
  const { status, json } = await founder.newcomer.call('POST', '/api/conversations', {
    entries: chain.entries.map(toBase64Url),
  })
  if (status !== 200) throw new Error(`the group was refused: ${JSON.stringify(json)}`)
  return chain
}

export async function openDirect(actor: Actor, accountId: AccountId): Promise<ConversationId> {
  return (await actor.newcomer.call('POST', '/api/conversations/direct', { accountId })).json.conversationId
}

/** Removes one device of somebody, signed by the root. */
export async function removeDevice(newcomer: Newcomer, deviceId: Uint8Array): Promise<void> {
  const entry = newcomer.signEntry({ type: 'device-revoke', deviceId, reason: 2 })
  const { status, json } = await newcomer.call('POST', '/api/log', { entry: toBase64Url(entry) })
  if (status !== 200) throw new Error(`the device stays: ${JSON.stringify(json)}`)
}

export function cookieOf({ newcomer }: Actor): string {
  return [...newcomer.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

/** An open line that was said welcome. */
export async function connect(actor: Actor): Promise<RawSocket> {
  const { origin } = actor.newcomer.running
  const socket = new RawSocket(origin, { cookie: cookieOf(actor), origin })
  await socket.first('welcome')
  return socket
}

export type { DeviceId }
export { InviteLink, Newcomer }
