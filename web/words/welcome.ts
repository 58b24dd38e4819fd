import { params, type Translation, words } from './i18n.ts'

const welcome = {
  promise: 'Your family’s own place to talk.',
  promiseText: 'End-to-end encrypted, on your own server.',
  pictureFirst: 'Is everybody in the new place?',
  pictureSecond: 'Almost! Noor joins tonight',
  step: params('Step {step} of {steps}'),
  progress: 'Progress',
  back: 'Back',
  language: 'Language',
  go: 'Continue',
  staysHere: 'Your passphrase never leaves this device.',
  checking: 'One moment…',
  tryAgain: 'Try again',
  insecureTitle: 'This address cannot keep secrets',
  insecureText:
    'Your messages are encrypted here, in your browser. Browsers allow that only over HTTPS, or on the computer that runs the home.',
  insecureNext: 'Open the same page over HTTPS. If a certificate warning comes up, it is your home’s own certificate.',
  insecureHost: 'The host finds every address of the home in the terminal in which it was started.',
  openSecure: 'Open over HTTPS',
  storageTitle: 'This window forgets everything',
  storageText: 'Your keys and messages are kept on this device, but this browser does not let the page keep anything.',
  storageNext: 'Leave the private window, or allow this page to store data, and open it again.',
  storageLockdown: 'On an iPhone in lockdown mode, make an exception for this page.',
  oldTitle: 'This browser is too old',
  oldText: 'It lacks something that this app needs to keep your messages safe.',
  oldNext: 'Update it, or open this page in a current Chrome, Edge, Firefox or Safari.',
  copyAddress: 'Copy the address',
  copied: 'Copied',
  copyFailed: 'It could not be copied. Mark it and copy it by hand.',
}
export const $welcomeWords = words('welcome', welcome)
export type WelcomeWords = Translation<typeof welcome>

const you = {
  title: 'Who are you?',
  text: 'Your family sees your name and your photo. The home itself cannot read them.',
  name: 'Your name',
  nameHint: 'As your family calls you.',
  nameMissing: 'Write your name first.',
  signInName: 'Sign-in name',
  signInHint: 'You need it to sign in on another device. Small letters, digits and hyphens.',
  signInBad: 'Use 2 to 32 small letters, digits and hyphens.',
  photo: 'Photo',
  photoHint: 'If you like. You can add one later.',
  passTitle: 'Your passphrase',
  passText: 'It opens your messages on a new device. Nobody can look it up for you, not even the host.',
  passChoice: 'Which one would you like?',
  passProposed: 'These six words',
  passProposedText: 'Very hard to guess, easy to type. Write them down now.',
  passOwn: 'One of my own',
  passOwnText: 'Several unusual words are best.',
  passOther: 'Other words',
  passCopy: 'Copy the words',
  passLabel: 'Your own passphrase',
  passShow: 'Show',
  passHide: 'Hide',
  passMissing: 'Write a passphrase first.',
  passWeak: 'This is too easy to guess. Add another word or two.',
  strength: 'Strength',
  strength_0: 'Far too easy to guess',
  strength_1: 'Too easy to guess',
  strength_2: 'Good enough',
  strength_3: 'Strong',
  strength_4: 'Very strong',
  keysTitle: 'Making your keys…',
  keysText: 'This device makes them itself, and that takes some seconds. Leave the page open.',
  keysProgress: 'Making your keys',
}
export const $youWords = words('you', you)
export type YouWords = Translation<typeof you>

const kit = {
  title: 'Your recovery kit',
  text: 'If every device of yours is lost and the passphrase too, this page still brings your messages back. It is shown only now.',
  code: 'Recovery code',
  qr: 'Recovery code as a code to scan',
  print: 'Print',
  save: 'Save as a file',
  saved: 'I have it, continue',
  keepHint: 'Keep it with your passports, not on this device alone. Whoever has it can read your messages.',
  sheetTitle: params('Recovery kit for {name}'),
  sheetHome: 'Home',
  sheetAddress: 'Address',
  sheetSignIn: 'Sign-in name',
  sheetDate: 'Made on',
  sheetHow:
    'Open the address, choose “Sign in”, and give the sign-in name and this code in place of the passphrase. Capitals, spaces and hyphens do not matter.',
  sheetKeep: 'Keep this page where you keep papers that matter, and show it to nobody.',
  fileName: params('recovery-kit-{name}'),
  retypeTitle: 'Is it really with you?',
  retypeText: 'Type the last group of letters on your recovery kit. That is the whole test.',
  retypeLabel: 'Last group',
  retypeWrong: 'That is not the last group. Look at the end of the last line.',
  retypeCheck: 'Check',
  showAgain: 'Show the kit again',
  lostTitle: 'Type the last group of your kit',
  lostText:
    'The page was loaded anew, and the kit is shown only once. If you printed or saved it, type its last group here.',
  lostSkip: 'I did not save it',
  lostSkipTitle: 'Go on without a kit?',
  lostSkipText:
    'Your passphrase still opens your messages on every new device. But if you forget it and lose your devices, your messages are gone.',
  lostSkipYes: 'Go on without',
}
export const $kitWords = words('kit', kit)
export type KitWords = Translation<typeof kit>

const signIn = {
  title: 'Welcome back',
  text: 'Your messages come back to this device as soon as you are in.',
  name: 'Sign-in name',
  nameMissing: 'Write your sign-in name first.',
  secret: 'Passphrase or recovery code',
  secretHint: 'Your six words, your own passphrase, or the code on your recovery kit.',
  secretMissing: 'Write your passphrase or your recovery code first.',
  show: 'Show what I type',
  hide: 'Hide what I type',
  go: 'Sign in',
  wrong: 'The name and the passphrase do not go together. Check both and try again.',
  later: params('Too many tries. You can try again at {time}.'),
  busyTitle: 'Opening your messages…',
  busyText: 'Your passphrase is checked on this device, and that takes some seconds.',
  neither: 'I have neither',
  neitherText:
    'Look for your recovery kit: a printed page or a saved file with a long code. If another device of yours is still signed in, use that one.',
  neitherHost:
    'If all of it is gone, ask the host for a new invite. You join again, and your family stays; your old messages stay locked.',
  unreachable: 'Your home cannot be reached at the moment. You can sign in as soon as it answers.',
  forHost: 'The person who runs this home has to set it up first.',
}
export const $signInWords = words('signIn', signIn)
export type SignInWords = Translation<typeof signIn>
