import type { RecoveryWords } from '../recovery.ts'

export const recovery = {
  care: 'Passphrase und Bogen',
  secret: 'Passphrase oder Wiederherstellungscode',
  secretHint: 'Sie wird auf diesem Gerät geprüft und geht nirgendwohin.',
  show: 'Zeigen, was ich tippe',
  hide: 'Verbergen, was ich tippe',
  busy: 'Das dauert einige Sekunden…',

  passphrase: 'Passphrase ändern',
  passphraseText: 'Die alte gilt sofort nicht mehr.',
  fresh: 'Neue Passphrase',
  freshHint: 'Am besten mehrere ungewöhnliche Wörter. Schreibe sie auf.',
  propose: 'Sechs Wörter vorschlagen',
  change: 'Ändern',
  passphraseDone: 'Deine neue Passphrase gilt',

  kit: 'Neuen Bogen machen',
  kitText: 'Für ein verlorenes oder unlesbares Blatt. Der alte Bogen gilt dann nicht mehr.',
  kitMake: 'Bogen machen',

  leak: 'Jemand könnte sie kennen',
  leakText: 'Macht alles neu: Passphrase, Bogen und die Schlüssel dahinter.',
  leakLong:
    'Wer deine Passphrase oder deinen Bogen gesehen hat, könnte deine Sicherung öffnen. Das hier macht neue Schlüssel und schließt alles damit ab. Deine Familie merkt nichts. Deine anderen Geräte bleiben angemeldet: Entferne die, die du nicht kennst.',
  leakDo: 'Alles neu machen',

  remove: 'Entfernen',
  removeTitle: '{name} endgültig entfernen?',
  removeText:
    'Für ein verlorenes oder gestohlenes Gerät. Es verliert sofort den Zugang, und nichts, was von nun an geschrieben wird, lässt sich darauf lesen. Dafür braucht es deine Passphrase oder deinen Bogen, damit ein Dieb dich nicht aussperren kann.',
  removeDo: 'Gerät entfernen',
  removed: 'Das Gerät wurde entfernt',
  signOutOthers: 'Alle anderen abmelden',
  signOutOthersTitle: 'Alle anderen Geräte abmelden?',
  signOutOthersText: 'Jedes muss sich neu anmelden oder neu verbunden werden. Deine Nachrichten bleiben.',
  signedOutOthers: 'Alle anderen sind abgemeldet',
  signedOut: 'Abgemeldet',
  unnamed: 'Gerät ohne Namen',
  link: 'Gerät verbinden',

  reminder: 'Hast du deinen Wiederherstellungsbogen noch?',
  reminderCheck: 'Prüfen',
  reminderLater: 'Später',

  resetTitle: '{name} hat neu angefangen',
  resetText:
    '{name} hat seitdem neue Schlüssel. Das passiert, wenn jemand alle Geräte, Passphrase und Bogen verloren hat. Es sähe auch so aus, wenn jemand anders das Konto übernommen hätte. Frage {name} auf einem anderen Weg und entscheide dann.',
  resetCompare: 'Sicherheitsnummern vergleichen',
  resetMatch: 'Die Nummern sind gleich',
  resetKnown: 'Ich habe gefragt, es stimmt',
  resetAccepted: 'Gemerkt. Du kannst wieder schreiben',
  resetGroups: 'In Gruppen muss ein Admin die Person neu hinzufügen.',

  anew: 'Alles verloren?',
  anewText:
    'Hat {name} kein Gerät, keine Passphrase und keinen Bogen mehr, kann die Person mit einem Link von dir unter demselben Namen neu anfangen. Alle werden darauf hingewiesen. Alte Nachrichten bleiben verschlossen.',
  anewMake: 'Link machen',
  anewTitle: '{name} neu anfangen lassen?',
  anewConfirm: 'Alle Geräte dieser Person werden abgemeldet, wenn der Link benutzt wird. Gib ihn niemand anderem.',
  anewHello: 'Fang neu an, {name}',
  anewIntro:
    '{inviter} lässt dich wieder zu {home}. Dein Platz und dein Anmeldename bleiben. Frühere Nachrichten bleiben verschlossen, und deine Familie erfährt, dass du neu angefangen hast.',
} satisfies RecoveryWords
