import { params, type Translation, words } from './i18n.ts'

const safety = {
  match: 'They match',
  differ: 'They differ',
  differTitle: 'Do not send anything important yet',
  differText: params(
    'Either you compared the wrong person’s number, or somebody sits between you and {name}. Ask {name} in person which devices are theirs, and tell your host.',
  ),
  done: params('{name} is checked'),
  scan: 'Scan their code',
  scanText: params('Open this page on {name}’s device too, and point this camera at the code there.'),
  aim: 'Point the camera at the code',
  camera: 'Picture of the camera',
  stop: 'Stop scanning',
  cameraDenied: 'The camera is not allowed here. Allow it in the browser’s settings, or compare the numbers.',
  cameraMissing: 'There is no camera here. Compare the numbers.',
  cameraFailed: 'The camera does not start. Another program may be using it. Compare the numbers.',
  checked: 'Checked',
  resetInGroup: params('{name} started afresh. Check that it is really them.'),
  check: 'Check',
}
export const $safetyWords = words('safety', safety)
export type SafetyWords = Translation<typeof safety>
