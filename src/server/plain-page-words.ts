import { certificatePath, profilePath } from './tls/downloads.ts'

/** What the page over plain HTTP says; trusted markup. The face's catalogue is not for the server to see. */
export type PlainWords = {
  wayTitle: string
  way: string
  go: string
  noWayTitle: string
  noWay: string
  noWayNext: string
  warning: string
  trustTitle: string
  trust: string
  platforms: { name: string; steps: string[] }[]
}

const file = (text: string) => `<a href="${certificatePath}">${text}</a>`
const profile = (text: string) => `<a href="${profilePath}">${text}</a>`

const english: PlainWords = {
  wayTitle: "Your family's chat is one step away",
  way: 'Messages are unlocked on your own device, and browsers allow that only on a secure address:',
  go: 'Continue to',
  noWayTitle: 'Almost there',
  noWay: "This address is not private enough for your family's messages, so nothing is shown here.",
  noWayNext: 'Please open TralliValli by its <strong>https://</strong> address. Whoever runs it at your home knows it.',
  warning: `Your browser will say that the connection is not private, because this home signs its own certificate instead of asking a company.
Choose “Advanced” (or “Show details”), then continue. It asks once on each device.`,
  trustTitle: 'Better: let this device trust your home',
  trust:
    'It takes a minute, the warning never comes back, and TralliValli can be installed like an app and send notifications. The certificate works for addresses inside your home only.',
  platforms: [
    {
      name: 'iPhone and iPad',
      steps: [
        `In Safari, open ${profile('the profile')} and choose Allow.`,
        'Open Settings. Near the top stands “Profile Downloaded”: tap it, then Install.',
        'Settings, General, About, Certificate Trust Settings: switch TralliValli on.',
      ],
    },
    {
      name: 'Android',
      steps: [
        `Download ${file('the certificate')}.`,
        'Open Settings and search for “CA certificate” (Security, Encryption, Install a certificate).',
        'Choose “Install anyway”, then the downloaded file. Firefox also needs Settings, About Firefox: tap the logo five times, then Secret Settings, “Use third party CA certificates”.',
      ],
    },
    {
      name: 'Windows',
      steps: [
        `Download ${file('the certificate')} and open it.`,
        'Install Certificate, Current User, “Place all certificates in the following store”, Browse.',
        'Choose “Trusted Root Certification Authorities”, then finish, and restart the browser.',
      ],
    },
    {
      name: 'macOS',
      steps: [
        `Download ${file('the certificate')} and open it: Keychain Access asks where to add it, choose “login”.`,
        'Find TralliValli in the list, open it, and under Trust choose “Always Trust”.',
      ],
    },
    {
      name: 'Linux',
      steps: [
        `Download ${file('the certificate')}.`,
        'Chrome and Chromium: Settings, Privacy and security, Security, Manage certificates, Authorities, Import; tick “websites”.',
        'Firefox: Settings, Privacy &amp; Security, View Certificates, Authorities, Import; tick “websites”.',
      ],
    },
  ],
}

const german: PlainWords = {
  wayTitle: 'Nur noch ein Schritt bis zum Chat deiner Familie',
  way: 'Nachrichten werden auf deinem eigenen Gerät entschlüsselt, und das erlauben Browser nur unter einer sicheren Adresse:',
  go: 'Weiter zu',
  noWayTitle: 'Fast geschafft',
  noWay: 'Diese Adresse ist für die Nachrichten deiner Familie nicht privat genug, deshalb ist hier nichts zu sehen.',
  noWayNext:
    'Bitte öffne TralliValli unter seiner Adresse mit <strong>https://</strong>. Wer es bei euch betreibt, kennt sie.',
  warning: `Dein Browser wird sagen, dass die Verbindung nicht privat ist, weil dieses Zuhause sein Zertifikat selbst unterschreibt, statt eine Firma zu fragen.
Wähle „Erweitert“ (oder „Details einblenden“) und dann Weiter. Er fragt auf jedem Gerät nur einmal.`,
  trustTitle: 'Besser: Lass dieses Gerät deinem Zuhause vertrauen',
  trust:
    'Das dauert eine Minute, die Warnung kommt nie wieder, und TralliValli lässt sich wie eine App installieren und kann Mitteilungen senden. Das Zertifikat gilt nur für Adressen in deinem Zuhause.',
  platforms: [
    {
      name: 'iPhone und iPad',
      steps: [
        `Öffne in Safari ${profile('das Profil')} und wähle Zulassen.`,
        'Öffne die Einstellungen. Oben steht „Profil geladen“: Tippe darauf, dann auf Installieren.',
        'Einstellungen, Allgemein, Info, Zertifikatsvertrauenseinstellungen: Schalte TralliValli ein.',
      ],
    },
    {
      name: 'Android',
      steps: [
        `Lade ${file('das Zertifikat')} herunter.`,
        'Öffne die Einstellungen und suche nach „CA-Zertifikat“ (Sicherheit, Verschlüsselung, Zertifikat installieren).',
        'Wähle „Trotzdem installieren“ und dann die geladene Datei. Firefox braucht außerdem Einstellungen, Über Firefox: Tippe fünfmal auf das Logo, dann Geheime Einstellungen, „CA-Zertifikate von Drittanbietern verwenden“.',
      ],
    },
    {
      name: 'Windows',
      steps: [
        `Lade ${file('das Zertifikat')} herunter und öffne es.`,
        'Zertifikat installieren, Aktueller Benutzer, „Alle Zertifikate in folgendem Speicher speichern“, Durchsuchen.',
        'Wähle „Vertrauenswürdige Stammzertifizierungsstellen“, dann Fertig stellen, und starte den Browser neu.',
      ],
    },
    {
      name: 'macOS',
      steps: [
        `Lade ${file('das Zertifikat')} herunter und öffne es: Die Schlüsselbundverwaltung fragt, wohin damit, wähle „Anmeldung“.`,
        'Suche TralliValli in der Liste, öffne es, und wähle unter Vertrauen „Immer vertrauen“.',
      ],
    },
    {
      name: 'Linux',
      steps: [
        `Lade ${file('das Zertifikat')} herunter.`,
        'Chrome und Chromium: Einstellungen, Datenschutz und Sicherheit, Sicherheit, Zertifikate verwalten, Zertifizierungsstellen, Importieren; „Websites“ ankreuzen.',
        'Firefox: Einstellungen, Datenschutz &amp; Sicherheit, Zertifikate anzeigen, Zertifizierungsstellen, Importieren; „Websites“ ankreuzen.',
      ],
    },
  ],
}

const catalogue = { en: english, de: german }
export type PlainLanguage = keyof typeof catalogue

export const plainWords = (language: PlainLanguage): PlainWords => catalogue[language]

/** The first language of an Accept-Language header, by its weights, that there are words in. */
export function chooseLanguage(acceptLanguage: string | null): PlainLanguage {
  const wanted = (acceptLanguage ?? '').split(',').map((part) => {
    const [tag = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    return { code: tag.split('-')[0]!, weight: weight === undefined ? 1 : Number(weight.slice(2)) || 0 }
  })
  const known = wanted.filter(({ code, weight }) => Object.hasOwn(catalogue, code) && weight > 0)
  return (known.sort((left, right) => right.weight - left.weight)[0]?.code ?? 'en') as PlainLanguage
}
