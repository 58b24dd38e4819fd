import type { SafetyWords } from '../safety.ts'

export const safety = {
  match: 'Sie sind gleich',
  differ: 'Sie sind verschieden',
  differTitle: 'Sende vorerst nichts Wichtiges',
  differText:
    'Entweder habt ihr die Nummer einer anderen Person verglichen, oder jemand sitzt zwischen dir und {name}. Frage {name} persönlich, welche Geräte dazugehören, und sag es deinem Gastgeber.',
  done: '{name} ist geprüft',
  scan: 'Code scannen',
  scanText: 'Öffne diese Seite auch auf dem Gerät von {name} und richte diese Kamera auf den Code dort.',
  aim: 'Richte die Kamera auf den Code',
  camera: 'Bild der Kamera',
  stop: 'Scannen beenden',
  cameraDenied:
    'Die Kamera ist hier nicht erlaubt. Erlaube sie in den Einstellungen des Browsers, oder vergleicht die Zahlen.',
  cameraMissing: 'Hier gibt es keine Kamera. Vergleicht die Zahlen.',
  cameraFailed: 'Die Kamera startet nicht. Vielleicht benutzt sie ein anderes Programm. Vergleicht die Zahlen.',
  checked: 'Geprüft',
  resetInGroup: '{name} hat neu angefangen. Prüfe, ob es wirklich die Person ist.',
  check: 'Prüfen',
} satisfies SafetyWords
