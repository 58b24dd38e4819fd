import { computed } from 'nanostores'
import type { Phase } from '../../../src/client/api.ts'
import type { RouteName } from '../../router.ts'
import { $wasInside } from './early.ts'
import { $obstacle, type Obstacle } from './obstacle.ts'
import { $setupProgress, type SetupStep } from './setup-progress.ts'

const waysIn: readonly RouteName[] = ['join', 'setup', 'signIn']

/** What the door shows, for a page that is not (or not quite) inside yet. null: the app itself. */
export type DoorScreen = 'blocked' | 'waiting' | 'setup' | 'join' | 'signIn'

export type DoorFacts = {
  phase: Phase
  route: RouteName
  isObstructed: boolean
  isSettingUp: boolean
  hasToken: boolean
  /** It was a member's device when it was last looked at. */
  wasInside: boolean
}

export function chooseDoorScreen({
  phase,
  route,
  isObstructed,
  isSettingUp,
  hasToken,
  wasInside,
}: DoorFacts): DoorScreen | null {
  if (isObstructed) return 'blocked'
  switch (phase.name) {
    case 'starting':
      return waysIn.includes(route) || !wasInside ? 'waiting' : null
    case 'inside':
      return route === 'setup' && isSettingUp ? 'setup' : route === 'join' ? 'join' : null
    case 'removed':
      return route === 'join' ? 'join' : waysIn.includes(route) ? 'signIn' : null
    case 'alarm':
      return null
    case 'outside':
      return chooseOutside(phase.isClaimed, { route, isSettingUp, hasToken })
  }
}

type OutsideFacts = Pick<DoorFacts, 'route' | 'isSettingUp' | 'hasToken'>

function chooseOutside(isClaimed: boolean | null, { route, isSettingUp, hasToken }: OutsideFacts): DoorScreen {
  if (route === 'setup' && (isSettingUp || (hasToken && isClaimed === null))) return 'setup'
  if (isClaimed === false) return 'setup'
  if (route === 'join') return 'join'
  return isClaimed === null ? 'waiting' : 'signIn'
}

type DoorChanges = { obstacle: Obstacle | null; setupStep: SetupStep | null }

/** What the door shows depends on these, beside the phase and the route. */
export const $doorChanges = computed(
  [$obstacle, $setupProgress],
  (obstacle, { step }): DoorChanges => ({ obstacle, setupStep: step }),
)

export function doorScreen(phase: Phase, route: RouteName, { obstacle, setupStep }: DoorChanges): DoorScreen | null {
  const isSettingUp = setupStep !== null
  return chooseDoorScreen({
    phase,
    route,
    isObstructed: obstacle !== null,
    isSettingUp,
    hasToken: location.hash.length > 1,
    wasInside: $wasInside.get(),
  })
}
