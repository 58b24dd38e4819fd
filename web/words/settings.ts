import { params, type Translation, words } from './i18n.ts'

const english = {
  title: 'Settings',
  profile: 'Profile',
  profileText: 'Your name and photo',
  devices: 'Devices',
  devicesText: 'Where you are signed in',
  appearance: 'Appearance',
  appearanceText: 'Theme, text size, language',
  recovery: 'Recovery kit',
  recoveryText: 'For the day a phone is lost',
  recoveryOpen: 'Not confirmed yet',
  invites: 'Invite people',
  invitesText: 'Links and codes for your family',
  home: 'Your home',
  homeText: 'Its name',
  about: 'About',
  aboutText: 'Version and licence',
  signOut: 'Sign out',

  yourName: 'Your name',
  yourNameHint: 'Everybody at your home sees it.',
  yourPhoto: 'Your photo',
  signInName: 'Sign-in name',
  signInNameHint: 'You need it to sign in on another device.',
  profileSaved: 'Your profile is saved',

  thisDevice: 'This device',
  otherDevices: 'Other devices',
  online: 'Online',
  lastSeen: params('Last here {when}'),
  addedOn: params('Added on {date}'),
  renameDevice: 'Rename',
  deviceName: 'Name of the device',
  signOutDevice: 'Sign out',
  signOutDeviceTitle: params('Sign out {name}?'),
  signOutDeviceText: 'It loses access at once. Your messages stay at your home and on your other devices.',
  signedOutDevice: 'Signed out',
  noOtherDevices: 'You are signed in on this device only. A second one is a good safety net.',

  theme: 'Theme',
  theme_system: 'Like the system',
  theme_light: 'Light',
  theme_dark: 'Dark',
  textSize: 'Text size',
  textSize_normal: 'Normal',
  textSize_large: 'Large',
  textSize_larger: 'Very large',
  sample: 'The plum cake is in the oven.',
  language: 'Language',

  kitIntro:
    'Your recovery kit brings your messages back when every device of yours is lost. It was shown once, for you to print or write down.',
  kitConfirmed: 'You have your kit',
  kitConfirmedText: 'Keep it where you keep papers that matter. Nobody else should have it.',
  kitOpen: 'Do you have it?',
  kitOpenText: 'Type the last group of letters on it, to be sure that it is yours and readable.',
  kitGroup: 'Last group',
  kitCheck: 'Check',
  kitWrong: 'That is not the last group of your kit. Look again at the end of the last line.',
  kitRight: 'That is right. Keep it safe.',

  homeName: 'Name of your home',
  homeNameHint:
    'Everybody you invite sees it. The family conversation is called by it, unless you gave it another name.',
  homeSaved: 'Your home has a new name',

  version: 'Version',
  homeVersion: 'Version of your home',
  licence: 'Licence',
  licenceText: 'Free software under the AGPL, version 3 or later.',
  aboutIntro:
    'Your family’s own private chat. What you write can be read by the people you write to, and by nobody else: not by your home, and not by us.',

  signOutTitle: 'Sign out of this device?',
  signOutText:
    'Your messages are taken off this device. They stay at your home; you need your passphrase or your recovery kit to come back.',
  signOutNoKit: 'You have not confirmed your recovery kit. If you also forget your passphrase, your messages are lost.',

  photoChoose: 'Choose photo',
  photoChange: 'Change photo',
  photoRemove: 'Remove photo',
  photoCrop: 'Crop the photo',
  photoZoom: 'Zoom',
  photoUse: 'Use photo',
  photoMove: 'Move the photo with a finger, the mouse or the arrow keys',
  photoBroken: 'This picture cannot be opened here. Try a JPEG or PNG.',
}
export const $settingsWords = words('settings', english)
export type SettingsWords = Translation<typeof english>
