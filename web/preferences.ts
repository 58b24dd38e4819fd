import { atom, type WritableAtom } from 'nanostores'

export const themes = ['system', 'light', 'dark'] as const
export const textSizes = ['normal', 'large', 'larger'] as const
export type Theme = (typeof themes)[number]
export type TextSize = (typeof textSizes)[number]

// The first two names are also read by theme-boot.js before the first paint.
export const $theme = remembered<Theme>('tv-theme', themes, 'system')
export const $textSize = remembered<TextSize>('tv-text-size', textSizes, 'normal')

/** Applies what a person chose on this device to the page, now and whenever it changes. */
export function applyPreferences(root: HTMLElement): void {
  const darkSystem = matchMedia('(prefers-color-scheme: dark)')
  const applyTheme = () => {
    const theme = $theme.get()
    root.dataset['theme'] = theme === 'system' ? (darkSystem.matches ? 'dark' : 'light') : theme
  }
  $theme.subscribe(applyTheme)
  darkSystem.addEventListener('change', applyTheme)
  $textSize.subscribe((size) => {
    root.dataset['textSize'] = size
  })
}

/** Reads and writes one word of local storage; a browser that forbids it forgets the choice, nothing else. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch (cause) {
    console.warn('local storage is closed', cause)
    return null
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch (cause) {
    console.warn('local storage is closed', cause)
  }
}

function remembered<T extends string>(key: string, allowed: readonly T[], fallback: T): WritableAtom<T> {
  const known = allowed.find((one) => one === recall(key))
  const $value = atom<T>(known ?? fallback)
  $value.listen((value) => remember(key, value))
  return $value
}
