import { followAttention } from './attention.ts'
import { bridge } from './bridge.ts'
import { openDoorEarly } from './features/welcome/early.ts'
import { loadDoor } from './features/welcome/load-door.ts'
import { applyPreferences } from './preferences.ts'
import { registerServiceWorker, startClientWorker } from './script-urls.ts'
import { followUpdates, reloadWhenPartsAreLost } from './update.ts'
import { applyLanguage } from './words/i18n.ts'
import './features/shell/tv-app.ts'

reloadWhenPartsAreLost()
applyPreferences(document.documentElement)
applyLanguage(document.documentElement)
// The door, where it is needed, is not to share its line with the client.
void openDoorEarly(loadDoor).finally(() => bridge.connect(startClientWorker()))
followAttention()
// Behind a certificate that this browser does not trust there is none, and the app works without.
registerServiceWorker()
  .then((registration) => registration && followUpdates(registration))
  .catch((cause: unknown) => console.warn('not kept for offline use', cause))

// What the first screen does not need comes right after it.
requestAnimationFrame(() => setTimeout(() => void import('./features/later.ts')))
