import { params, type Translation, words } from './i18n.ts'

const lasting = {
  title: 'Disappearing messages',
  text: 'New messages go from every device this long after they were seen; your own, this long after you sent them. Who is away for more than a day may miss short ones.',
  adminsOnly: 'Only admins can change this.',
  off: 'Off',
  for300: '5 minutes',
  for3600: '1 hour',
  for86400: '1 day',
  for604800: '1 week',
  for2592000: '1 month',
  for31536000: '1 year',
  set: params('New messages last {duration}'),
  unset: 'New messages stay',
  bubble: params('Disappears {duration} after it was seen'),
  changed: params('{actor} set new messages to disappear after {duration}'),
  youChanged: params('You set new messages to disappear after {duration}'),
  stopped: params('{actor} turned disappearing messages off'),
  youStopped: 'You turned disappearing messages off',
  historyTitle: 'What newcomers see',
  historyNone: 'Only what is written from then on',
  historyShare: 'Also what was written before',
  historyText: 'Whoever is added later gets the earlier messages from the device of the person who adds them.',
  historySet: 'Newcomers will see earlier messages',
  historyUnset: 'Newcomers will not see earlier messages',
  shared: params('{actor} lets newcomers see earlier messages'),
  youShared: 'You let newcomers see earlier messages',
  unshared: params('{actor} no longer lets newcomers see earlier messages'),
  youUnshared: 'You no longer let newcomers see earlier messages',
}
export const $lastingWords = words('lasting', lasting)
export type LastingWords = Translation<typeof lasting>

const durations = {
  0: 'off',
  300: 'for300',
  3600: 'for3600',
  86400: 'for86400',
  604800: 'for604800',
  2592000: 'for2592000',
  31536000: 'for31536000',
} as const

/** "5 minutes"; a timer of another version's making is called by the longest that is not longer. */
export function durationName(seconds: number): string {
  const known = Object.keys(durations).map(Number)
  const fitting = known.filter((one) => one <= seconds).at(-1) ?? 0
  return $lastingWords.get()[durations[fitting as keyof typeof durations]]
}
