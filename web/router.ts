import { createRouter, getPagePath, openPage, redirectPage } from '@nanostores/router'

export const $router = createRouter({
  home: '/',
  chat: '/c/:id',
  members: '/c/:id/members',
  new: '/new',
  people: '/people',
  person: '/people/:id',
  settings: '/settings',
  setting: '/settings/:page',
  join: '/i',
  setup: '/setup',
  signIn: '/sign-in',
})

export type Route = NonNullable<ReturnType<typeof $router.get>>
export type RouteName = Route['route']

export const paths = {
  home: '/',
  new: '/new',
  people: '/people',
  settings: '/settings',
  signIn: '/sign-in',
  chat: (id: string) => getPagePath($router, 'chat', { id }),
  members: (id: string) => getPagePath($router, 'members', { id }),
  person: (id: string) => getPagePath($router, 'person', { id }),
  setting: (page: string) => getPagePath($router, 'setting', { page }),
} as const

export function openChat(id: string): void {
  openPage($router, 'chat', { id })
}

/** Replaces the present page: going back does not return to it. */
export function openHome(): void {
  redirectPage($router, 'home')
}
