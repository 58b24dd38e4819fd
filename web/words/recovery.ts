import { params, type Translation, words } from './i18n.ts'

const english = {
  care: 'Passphrase and kit',
  secret: 'Passphrase or recovery code',
  secretHint: 'It is checked on this device and goes nowhere.',
  show: 'Show what I type',
  hide: 'Hide what I type',
  busy: 'This takes some seconds…',

  passphrase: 'Change the passphrase',
  passphraseText: 'The old one stops working at once.',
  fresh: 'New passphrase',
  freshHint: 'Several unusual words are best. Write them down.',
  propose: 'Propose six words',
  change: 'Change it',
  passphraseDone: 'Your new passphrase is in force',

  kit: 'Make a new kit',
  kitText: 'For a lost or damaged page. The old kit dies.',
  kitMake: 'Make the kit',

  leak: 'Somebody may know them',
  leakText: 'Makes everything anew: passphrase, kit and the keys behind them.',
  leakLong:
    'Whoever saw your passphrase or your kit could open your backup. This makes new keys and locks everything to them. Your family notices nothing. Your other devices stay signed in: remove those you do not know.',
  leakDo: 'Make everything anew',

  remove: 'Remove',
  removeTitle: params('Remove {name} for good?'),
  removeText:
    'For a lost or stolen device. It loses access at once, and nothing written from now on can be read on it. Removing takes your passphrase or your kit, so that a thief cannot lock you out.',
  removeDo: 'Remove the device',
  removed: 'The device was removed',
  signOutOthers: 'Sign out all others',
  signOutOthersTitle: 'Sign out all other devices?',
  signOutOthersText: 'Each of them has to sign in or be linked again. Your messages stay.',
  signedOutOthers: 'All others are signed out',
  signedOut: 'Signed out',
  unnamed: 'Device without a name',
  link: 'Link a device',

  reminder: 'Do you still have your recovery kit?',
  reminderCheck: 'Check',
  reminderLater: 'Later',

  resetTitle: params('{name} began anew'),
  resetText: params(
    '{name} has new keys since. That happens when somebody lost all devices, passphrase and kit. It would also look like this if somebody else took the account over. Ask {name} by another way, then decide.',
  ),
  resetCompare: 'Compare safety numbers',
  resetMatch: 'The numbers match',
  resetKnown: 'I asked, it is really them',
  resetAccepted: 'Noted. You can write again',
  resetGroups: 'In groups, an admin has to add them again.',

  anew: 'Lost everything?',
  anewText: params(
    'If {name} has no device, no passphrase and no kit any more, a link of yours lets them begin anew under the same name. Everybody is told. Old messages stay locked.',
  ),
  anewMake: 'Make the link',
  anewTitle: params('Let {name} begin anew?'),
  anewConfirm: 'Every device of this person is signed out when the link is used. Give it to nobody else.',
  anewHello: params('Begin anew, {name}'),
  anewIntro: params(
    '{inviter} lets you into {home} again. You keep your place and your sign-in name. Messages from before stay locked, and your family is told that you began anew.',
  ),
}
export const $recoveryWords = words('recovery', english)
export type RecoveryWords = Translation<typeof english>
