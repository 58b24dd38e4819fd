import { account, conversationId } from './page/cast.ts'

/** Every screen of the chat half, by the address that shows it. */
export const screens = {
  list: '/',
  chat: `/c/${conversationId('family')}`,
  unread: `/c/${conversationId('family')}?variant=unread`,
  troubled: `/c/${conversationId('mara')}`,
  empty: '/?variant=empty',
  'empty-chat': `/c/${conversationId('notes')}`,
  left: `/c/${conversationId('books')}`,
  missing: `/c/${conversationId('nowhere')}`,
  members: `/c/${conversationId('school')}/members`,
  new: '/new',
  'new-group': '/new?group',
  people: '/people',
  person: `/people/${account('anna')}`,
  settings: '/settings',
  profile: '/settings/profile',
  devices: '/settings/devices',
  appearance: '/settings/appearance',
  recovery: '/settings/recovery',
  invites: '/settings/invites',
  home: '/settings/home',
  about: '/settings/about',
  offline: `/c/${conversationId('family')}?variant=offline`,
  restored: '/?variant=restored',
  starting: '/?variant=starting',
  removed: '/?variant=removed',
  alarm: '/?variant=alarm',
} as const
export type ScreenName = keyof typeof screens
