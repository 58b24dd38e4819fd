import fc from 'fast-check'
import { type Action, act, type Kind, weights } from './actions.ts'
import { converge } from './convergence.ts'
import { World } from './world.ts'

/** How many families live, and how long and large their walks are. */
export type Size = { lives: number; walksOfLife: number; maxMoreDevices: number; maxActions: number }
export const ciSize: Size = { lives: 40, walksOfLife: 50, maxMoreDevices: 4, maxActions: 7 }
export const longSize: Size = { lives: 400, walksOfLife: 50, maxMoreDevices: 18, maxActions: 30 }
/** How many people the families have, in turn. */
const PEOPLE = [2, 3, 4, 2, 3, 5, 6, 2, 2, 3] as const

/** A family, with so many devices at most beside the first of each: so many walks, one after the other. */
type Life = { people: number; moreDevices: number; walks: Action[][] }
export type Totals = {
  walks: number
  kinds: { [kind in Kind]?: number }
  /** Lives by the number of people. */
  people: { [count: number]: number }
  mostDevices: number
  keys: number
  sealedFor: number
  keptFrom: number
}

export function noTotals(): Totals {
  return { walks: 0, kinds: {}, people: {}, mostDevices: 0, keys: 0, sealedFor: 0, keptFrom: 0 }
}

export function listLives({ lives, walksOfLife, maxMoreDevices, maxActions }: Size, seed: number): Life[] {
  const kinds = (Object.entries(weights) as [Kind, number][]).map(([kind, weight]) => ({
    ...{ weight, arbitrary: fc.constant(kind) },
  }))
  const action = fc.record<Action>({ do: fc.oneof(...kinds), who: fc.nat(997), many: fc.nat(997) })
  const walk = fc.array(action, { minLength: 2, maxLength: maxActions, size: 'max' })
  const walks = fc.array(walk, { minLength: walksOfLife, maxLength: walksOfLife })
  const moreDevices = fc.integer({ min: 1, max: maxMoreDevices })
  const drawn = fc.sample(fc.record({ moreDevices, walks }), { seed, numRuns: lives })
  return drawn.map((life, at) => ({ ...life, people: PEOPLE[at % PEOPLE.length]! }))
}

/** Walks through a life; each walk ends with everybody at one again. */
export async function live({ people, moreDevices, walks }: Life, totals: Totals): Promise<void> {
  const done: string[] = []
  try {
    await using world = await World.open(people, people + moreDevices)
    for (const walk of walks) {
      for (const action of walk) {
        done.push(`${action.do} ${action.who} ${action.many}`)
        if (await act(world, action)) count(totals.kinds, action.do)
      }
      done.push('converge')
      const { keptFrom, sealedFor } = await converge(world)
      totals.walks++
      totals.keptFrom += keptFrom
      totals.sealedFor += sealedFor
      totals.mostDevices = Math.max(totals.mostDevices, ...world.people.map(({ devices }) => devices.length))
    }
    count(totals.people, people)
    totals.keys += world.ledger.keyCount
  } catch (cause) {
    throw new Error(`${people} people, ${totals.walks} walks before, and after ${done.join(', ')}`, { cause })
  }
}

export function count<Key extends PropertyKey>(counts: { [key in Key]?: number }, key: Key, by = 1): void {
  counts[key] = (counts[key] ?? 0) + by
}
