import type { ClientApi } from './api.ts'
import { ownDataCommands } from './own-data-api.ts'

/** What only a signed-in device can be asked. */
export const insideCommands = [
  ...['confirmKit', 'setProfile', 'listDevices', 'renameDevice', 'signOutDevice', 'dismissRestored'],
  ...['signOutOthers', 'removeDevice', 'changePassphrase', 'makeNewKit', 'replaceRoot'],
  ...['dismissKitReminder', 'acceptReset'],
  ...['renameHome', 'createInvite', 'listInvites', 'revokeInvite', 'safetyNumber'],
  ...['confirmSafetyNumber', 'scanSafetyCode'],
  ...[
    'openDirect',
    'createGroup',
    'renameGroup',
    'setGroupPhoto',
    'addMembers',
    'removeMember',
    'setAdmin',
    'leaveGroup',
    'setDisappearing',
    'setHistoryPolicy',
  ],
  ...ownDataCommands,
  ...['openThread', 'loadOlder', 'loadNewer', 'sendText', 'retryMessage', 'discardMessage', 'markRead'],
] as const satisfies (keyof ClientApi)[]
/** Told, not asked: nothing comes back, and outside nothing happens. */
export const toldCommands = ['setActive', 'reconnect', 'setTyping'] as const satisfies (keyof ClientApi)[]
export type InsideCommands = Pick<ClientApi, (typeof insideCommands)[number] | (typeof toldCommands)[number]>
