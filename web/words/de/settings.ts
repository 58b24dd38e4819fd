import type { SettingsWords } from '../settings.ts'

export const settings = {
  title: 'Einstellungen',
  profile: 'Profil',
  profileText: 'Dein Name und Foto',
  devices: 'Geräte',
  devicesText: 'Wo du angemeldet bist',
  appearance: 'Darstellung',
  appearanceText: 'Farben, Schriftgröße, Sprache',
  recovery: 'Wiederherstellungsbogen',
  recoveryText: 'Für den Tag, an dem ein Handy verloren geht',
  recoveryOpen: 'Noch nicht bestätigt',
  invites: 'Leute einladen',
  invitesText: 'Links und Codes für deine Familie',
  home: 'Dein Zuhause',
  homeText: 'Sein Name',
  about: 'Über TralliValli',
  aboutText: 'Version und Lizenz',
  signOut: 'Abmelden',

  yourName: 'Dein Name',
  yourNameHint: 'Alle in deinem Zuhause sehen ihn.',
  yourPhoto: 'Dein Foto',
  signInName: 'Anmeldename',
  signInNameHint: 'Du brauchst ihn, um dich auf einem anderen Gerät anzumelden.',
  profileSaved: 'Dein Profil ist gespeichert',

  thisDevice: 'Dieses Gerät',
  otherDevices: 'Andere Geräte',
  online: 'Online',
  lastSeen: 'Zuletzt hier {when}',
  addedOn: 'Hinzugefügt am {date}',
  renameDevice: 'Umbenennen',
  deviceName: 'Name des Geräts',
  signOutDevice: 'Abmelden',
  signOutDeviceTitle: '{name} abmelden?',
  signOutDeviceText:
    'Es verliert sofort den Zugang. Deine Nachrichten bleiben in deinem Zuhause und auf deinen anderen Geräten.',
  signedOutDevice: 'Abgemeldet',
  noOtherDevices: 'Du bist nur auf diesem Gerät angemeldet. Ein zweites ist ein gutes Sicherheitsnetz.',

  theme: 'Farben',
  theme_system: 'Wie das System',
  theme_light: 'Hell',
  theme_dark: 'Dunkel',
  textSize: 'Schriftgröße',
  textSize_normal: 'Normal',
  textSize_large: 'Groß',
  textSize_larger: 'Sehr groß',
  sample: 'Der Pflaumenkuchen ist im Ofen.',
  language: 'Sprache',

  kitIntro:
    'Dein Wiederherstellungsbogen bringt deine Nachrichten zurück, wenn alle deine Geräte verloren sind. Er wurde einmal gezeigt, zum Drucken oder Abschreiben.',
  kitConfirmed: 'Du hast deinen Bogen',
  kitConfirmedText: 'Bewahre ihn auf, wo wichtige Papiere liegen. Niemand sonst sollte ihn haben.',
  kitOpen: 'Hast du ihn?',
  kitOpenText: 'Tippe die letzte Buchstabengruppe darauf ab. So ist sicher, dass es deiner ist und man ihn lesen kann.',
  kitGroup: 'Letzte Gruppe',
  kitCheck: 'Prüfen',
  kitWrong: 'Das ist nicht die letzte Gruppe deines Bogens. Schau noch einmal ans Ende der letzten Zeile.',
  kitRight: 'Das stimmt. Bewahre ihn gut auf.',

  homeName: 'Name deines Zuhauses',
  homeNameHint:
    'Alle, die du einlädst, sehen ihn. Die Familienunterhaltung heißt so, wenn du ihr keinen anderen Namen gegeben hast.',
  homeSaved: 'Dein Zuhause hat einen neuen Namen',

  version: 'Version',
  homeVersion: 'Version deines Zuhauses',
  licence: 'Lizenz',
  licenceText: 'Freie Software unter der AGPL, Version 3 oder neuer.',
  aboutIntro:
    'Der eigene private Chat deiner Familie. Was du schreibst, können die lesen, denen du schreibst, und sonst niemand: nicht dein Zuhause und nicht wir.',

  signOutTitle: 'Auf diesem Gerät abmelden?',
  signOutText:
    'Deine Nachrichten werden von diesem Gerät genommen. In deinem Zuhause bleiben sie; zum Zurückkommen brauchst du deine Passphrase oder deinen Wiederherstellungsbogen.',
  signOutNoKit:
    'Du hast deinen Wiederherstellungsbogen nicht bestätigt. Vergisst du auch deine Passphrase, sind deine Nachrichten verloren.',

  photoChoose: 'Foto wählen',
  photoChange: 'Foto ändern',
  photoRemove: 'Foto entfernen',
  photoCrop: 'Foto zuschneiden',
  photoZoom: 'Vergrößern',
  photoUse: 'Foto nehmen',
  photoMove: 'Verschiebe das Foto mit dem Finger, der Maus oder den Pfeiltasten',
  photoBroken: 'Dieses Bild lässt sich hier nicht öffnen. Versuche ein JPEG oder PNG.',
} satisfies SettingsWords
