import type { Route } from '../../router.ts'

export type Section = 'chats' | 'people' | 'settings'
/** What a route shows: which list, and what beside (or over) it. */
export type Place = {
  section: Section
  isNew: boolean
  isNewGroup: boolean
  main: { kind: 'thread' | 'members' | 'person' | 'setting'; id: string } | null
}

export function placeOf(route: Route | undefined): Place {
  const place: Place = { section: 'chats', isNew: false, isNewGroup: false, main: null }
  switch (route?.route) {
    case 'chat':
      return { ...place, main: { kind: 'thread', id: route.params.id } }
    case 'members':
      return { ...place, main: { kind: 'members', id: route.params.id } }
    case 'new':
      return { ...place, isNew: true, isNewGroup: 'group' in route.search }
    case 'people':
      return { ...place, section: 'people' }
    case 'person':
      return { ...place, section: 'people', main: { kind: 'person', id: route.params.id } }
    case 'settings':
      return { ...place, section: 'settings' }
    case 'setting':
      return { ...place, section: 'settings', main: { kind: 'setting', id: route.params.page } }
    default:
      return place
  }
}

/** Two places with the same key are the same to somebody who moves through the app. */
export function placeKey({ section, isNew, isNewGroup, main }: Place): string {
  return [section, isNew, isNewGroup, main?.kind, main?.id].join()
}
