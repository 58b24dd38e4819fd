/** What there is a catalogue in, each by its own name. `theme-boot.js` and the page over plain HTTP know them too. */
export const languages = { en: 'English', de: 'Deutsch' } as const
