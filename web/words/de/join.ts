import type { JoinWords } from '../join.ts'

export const join = {
  hello: 'Hallo {name}!',
  helloAny: 'Hallo!',
  invites: '{inviter} lädt dich zu {home} ein.',
  private: 'Hier ist nur deine Familie. Was du schreibst, lesen sie und sonst niemand.',
  free: 'Keine Telefonnummer, keine E-Mail-Adresse, keine Werbung.',
  minute: 'Es dauert keine Minute.',
  expires: 'Diese Einladung gilt bis {date}.',
  asHost: '{inviter} hat dich zum Gastgeber gemacht: Du kannst auch einladen und dich um das Zuhause kümmern.',
  start: 'Mitmachen',
  haveAccount: 'Ich habe hier schon ein Konto',
  looking: 'Deine Einladung wird geöffnet …',
  usedTitle: 'Diese Einladung ist schon benutzt',
  usedText: 'Jeder Link lässt eine Person herein. Warst du das, melde dich an. Wenn nicht, bitte um einen neuen Link.',
  expiredTitle: 'Diese Einladung ist abgelaufen',
  expiredText: 'Links gelten höchstens eine Woche. Bitte um einen neuen, wo du ihn herhast.',
  revokedTitle: 'Diese Einladung wurde zurückgezogen',
  revokedText: 'Frag nach, ob du einen neuen Link bekommen kannst.',
  mangledTitle: 'Dieser Link ist nicht vollständig',
  mangledText:
    'Unterwegs ging etwas verloren. Kopiere den ganzen Link aus der Nachricht oder scanne den Code noch einmal.',
  mangledPaste: 'Der ganze Link',
  mangledOpen: 'Link öffnen',
  unknownTitle: 'Dieses Zuhause kennt die Einladung nicht',
  unknownText:
    'Vielleicht gehört der Link zu einem anderen Zuhause, oder es wurde seither wiederhergestellt. Bitte um einen neuen.',
  failedTitle: 'Die Einladung ließ sich nicht öffnen',
  failedText:
    'Öffne den Link noch einmal ganz, so wie er in der Nachricht steht. Hilft das nicht, bitte um einen neuen.',
  signIn: 'Anmelden',
  memberTitle: 'Du bist schon dabei',
  memberText: 'Du bist hier als {name} angemeldet. Diese Einladung gilt noch für jemand anderen.',
  openChats: 'Chats öffnen',
  waitTitle: 'Gleich geschafft, {name}',
  waitText:
    'Du bist bei {home} dabei. Die Familienunterhaltung öffnet sich, sobald ein Gerät deiner Familie online ist und dich hereinlässt.',
  waitKeep: 'Du kannst die Seite verlassen. Es geht von selbst.',
  waiting: 'Warten auf Einlass …',
  write: '{name} schreiben',
} satisfies JoinWords
