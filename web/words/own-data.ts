import { params, type Translation, words } from './i18n.ts'

const data = {
  title: 'Your data',
  text: 'Take it with you, or leave',

  takeTitle: 'Take everything with you',
  takeText:
    'One file with every message you can read: as pages that any browser opens and prints, and as data for other programs. It is made on this device, and your home does not see what is in it.',
  takeKeep: 'The file is not locked: whoever has it can read it. Keep it where you keep papers that matter.',
  takeShort: 'Disappearing messages are left out, so that they can disappear.',
  takeDo: 'Make the file',
  fetching: params('Fetching older messages: {done} of {total}'),
  writing: params('Writing the file: {done} of {total}'),
  progress: 'How far the file is',
  stop: 'Stop',
  stopped: 'Stopped. Nothing was kept.',
  keepOpen: 'You can go on chatting meanwhile. Keep this page open.',
  ready: params('Your file is ready: {size}'),
  readyText: 'Unpack it and open “index.html” to begin.',
  save: 'Save the file',
  again: 'Make a new one',
  fileName: params('messages-of-{name}-{date}'),

  leaveTitle: 'Leave this home',
  leaveMenu: 'Delete your account here and everything kept for you.',
  leaveOpen: 'Leave this home…',
  leaveGoes: 'What goes',
  leaveGoes1:
    'Your account with its name, passphrase and recovery kit, and everything your home keeps for you alone, notes to yourself too.',
  leaveGoes2: 'All your devices are signed out, and this one is emptied.',
  leaveGoes3: 'You leave every group. The others see that you left.',
  leaveStays: 'What stays',
  leaveStays1: 'What you wrote to others stays with them.',
  leaveStays2:
    'The home’s log of keys keeps its lines about your keys, without your name. It can only grow: that is what protects everybody from forged keys.',
  leaveStays3: 'Backups that the host made before still have your locked data until they are deleted.',
  leaveFinal: 'This cannot be taken back. To come back you would need a new invite, and you would start with nothing.',
  leaveTakeFirst: 'First take my messages',
  leaveName: params('To confirm, type your sign-in name: {name}'),
  leaveNameWrong: 'That is not your sign-in name.',
  leaveDo: 'Leave for good',
  leaveBusy: 'Leaving every group and closing your account. Keep this page open.',
  leaveSure: 'Leave this home for good?',
  leaveSureText: 'Your account is deleted at once, on every device. Nobody can bring it back, not even the host.',
  lastHost: 'You are the only host',
  lastHostText:
    'A home needs somebody to look after it. Make somebody else host on their page first; then you can leave.',
  lastHostDo: 'Choose somebody',
  alone: 'Nobody else is here. Once you have left, nobody can use this home any more.',
}
export const $dataWords = words('data', data)
export type DataWords = Translation<typeof data>

const care = {
  title: 'What you can do as the host',
  makeHost: 'Make host',
  makeHostTitle: params('Make {name} a host?'),
  makeHostText: params(
    '{name} can then invite people, close accounts, look after the home and make other hosts. They cannot read what is not theirs.',
  ),
  madeHost: 'Made host',
  makeMember: 'Make member again',
  makeMemberTitle: params('Take the keys of the house from {name}?'),
  makeMemberText: params('{name} stays a member and keeps every chat, but cannot invite people or change the home.'),
  madeMember: 'Is a member again',
  close: 'Close account',
  closeTitle: params('Close the account of {name}?'),
  closeText: params(
    '{name} is signed out everywhere at once and can read nothing more here. They are taken out of every group. What they wrote stays with the others, and what they have on their devices stays with them. This cannot be taken back.',
  ),
  closed: params('The account of {name} is closed'),
  gone: 'No longer at this home',
  goneText: params('{name} left this home. What they wrote stays.'),
  readChat: 'Read the chat',
  goneSince: 'Left on',
  goneGroup: 'Left the home',
  chatGone: params('{name} is no longer at this home. You can read what was written.'),
}
export const $careWords = words('care', care)
export type CareWords = Translation<typeof care>

const audit = {
  title: 'What happened',
  text: 'Who came, went and changed something',
  intro: 'What your home wrote down about itself. It never knows what people write; the names come from this device.',
  older: 'Show what was before',
  empty: 'Nothing yet.',
  account_opened: params('{who} joined, invited by {by}'),
  account_founded: params('{who} founded this home'),
  account_left: params('{who} left this home'),
  account_removed: params('{by} closed the account of {who}'),
  began_anew: params('{who} began anew'),
  made_host: params('{by} made {who} a host'),
  made_host_there: params('{who} was made a host by a command on the home’s own computer'),
  made_member: params('{by} made {who} a member again'),
  made_member_own: params('{who} stopped being a host'),
  invite_made: params('{by} made an invite for {name}'),
  invite_made_any: params('{by} made an invite'),
  invite_made_anew: params('{by} made an invite for {who} to begin anew'),
  invite_used: params('{who} used an invite'),
  invite_revoked: params('{by} withdrew the invite for {name}'),
  invite_revoked_any: params('{by} withdrew an invite'),
  device_added: params('{who} added a device'),
  device_signed_out: params('{who} signed out of a device'),
  device_removed: params('{who} removed a device'),
  device_left: params('A device of {who} ended, because they left'),
  restored: params('The home was restored from its backup of {date}'),
  healing_ended: params('{by} said that nobody’s device is newer than the restored home'),
  hostOnly: 'Only hosts can see what happened here.',
}
export const $auditWords = words('audit', audit)
export type AuditWords = Translation<typeof audit>

/** Written into the archive as they stand; {name} is filled in there. */
const archive = {
  title: 'Messages',
  intro: 'Everything I can read at {home}, taken on {date}.',
  conversations: 'Conversations',
  people: 'People',
  you: 'me',
  someone: 'Someone',
  group: 'Group',
  notes: 'Notes to self',
  host: 'host',
  leftHome: 'left the home',
  messagesOne: '{count} message',
  messagesOther: '{count} messages',
  page: 'Page {page}',
  previous: 'Earlier',
  next: 'Later',
  back: 'All conversations',
  empty: 'Nothing was written here.',
  unsent: 'Not sent yet',
  waiting: 'This message had not come yet.',
  unreadable: 'This message could not be opened.',
  disappearingOne: '{count} disappearing message was left out.',
  disappearingOther: '{count} disappearing messages were left out.',
  created: '{actor} created the group',
  added: '{actor} added {subject}',
  removed: '{actor} removed {subject}',
  made_admin: '{actor} made {subject} an admin',
  made_member: '{subject} is no longer an admin',
  left: '{actor} left',
  renamed: '{actor} named the group “{name}”',
  photo_changed: '{actor} changed the photo',
  timer_changed: '{actor} made messages disappear after {time}',
  timer_off: '{actor} made messages stay',
  history_shared: '{actor} lets newcomers see earlier messages',
  history_none: '{actor} lets newcomers see new messages only',
  restored: 'Restored from the backup of {date}',
}
export const $archiveWords = words('archive', archive)
export type ArchiveWords = Translation<typeof archive>
