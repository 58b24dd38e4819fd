import type { FailureWords } from '../failures.ts'

export const failures = {
  bad_request: 'Das konnte so nicht gesendet werden. Lade die Seite neu und versuche es noch einmal.',
  bad_signature:
    'Dein Zuhause hat die Unterschrift dieses Geräts nicht angenommen. Lade die Seite neu und versuche es noch einmal.',
  bad_entry: 'Dein Zuhause hat diese Änderung nicht angenommen. Lade die Seite neu und versuche es noch einmal.',
  not_signed_in: 'Du bist abgemeldet. Melde dich wieder an, um weiterzumachen.',
  wrong_key: 'Passphrase oder Code stimmen nicht. Prüfe sie und versuche es noch einmal.',
  bad_claim_token: 'Dieser Einrichtungslink gilt nicht mehr. Nimm den neuesten, den dein Zuhause ausgegeben hat.',
  token_reused: 'Diese Anmeldung wurde zweimal benutzt und deshalb sicherheitshalber beendet. Melde dich wieder an.',
  device_removed: 'Dieses Gerät wurde entfernt. Melde dich wieder an, um es zu benutzen.',
  account_gone:
    'Dieses Konto gibt es in diesem Zuhause nicht mehr. War das ein Versehen, bitte den Gastgeber um eine neue Einladung.',
  not_allowed: 'Das darfst du nicht. Frage einen Admin oder den Gastgeber.',
  wrong_origin:
    'Diese Seite wurde unter einer anderen Adresse geöffnet. Öffne dein Zuhause unter seiner eigenen Adresse.',
  not_found: 'Das gibt es hier nicht mehr.',
  name_taken: 'Diesen Anmeldenamen hat schon jemand. Wähle einen anderen.',
  already_claimed: 'Dieses Zuhause ist schon gegründet. Melde dich an oder bitte um eine Einladung.',
  not_claimed: 'Dieses Zuhause ist noch nicht eingerichtet. Schließe zuerst die Einrichtung ab.',
  log_moved: 'Im selben Moment hat sich etwas geändert. Versuche es noch einmal.',
  conversation_moved: 'Diese Unterhaltung hat sich im selben Moment geändert. Versuche es noch einmal.',
  recipients_changed: 'Die Geräte von jemandem haben sich im selben Moment geändert. Versuche es noch einmal.',
  state_moved: 'Ein anderes deiner Geräte hat das im selben Moment geändert. Versuche es noch einmal.',
  message_id_taken: 'Diese Nachricht wurde schon gesendet. Schreibe sie noch einmal.',
  healing:
    'Dein Zuhause wurde aus einem Backup wiederhergestellt und wartet darauf, dass die Geräte der Familie zurückbringen, was neuer ist. Öffne es auf jedem davon. Gibt es keines, beendet der Gastgeber das Warten, indem er die Zeile über die Wiederherstellung schließt.',
  last_host:
    'Ein Zuhause braucht einen Gastgeber. Mache zuerst jemand anderen zum Gastgeber und versuche es dann noch einmal.',
  person_left: 'Diese Person ist nicht mehr in deinem Zuhause, ihr kann nichts mehr geschickt werden.',
  invite_unknown: 'Diese Einladung ist hier nicht bekannt. Bitte um einen neuen Link.',
  invite_used: 'Diese Einladung wurde schon benutzt. Bitte um einen neuen Link.',
  invite_expired: 'Diese Einladung ist abgelaufen. Bitte um einen neuen Link.',
  invite_revoked: 'Diese Einladung wurde zurückgezogen. Bitte um einen neuen Link.',
  invite_for_other:
    'Diese Einladung passt nicht. Eine zum Neuanfang öffnet nur das Konto dieser Person. Bitte den Gastgeber um einen neuen Link.',
  link_gone:
    'Der Code ist abgelaufen oder wurde auf dem anderen Gerät beendet. Mache auf dem Gerät, das ihn zeigt, einen neuen.',
  link_taken: 'Ein anderes Gerät war mit diesem Code schneller. Mache auf dem Gerät, das ihn zeigt, einen neuen.',
  link_cancelled: 'Es wurde auf dem anderen Gerät beendet. Fange auf beiden Geräten neu an.',
  link_failed: 'Das andere Gerät kam nicht zu Ende. Sieh dort nach dem Grund und fange dann auf beiden Geräten neu an.',
  link_tampered:
    'Was vom anderen Gerät kam, wurde unterwegs verändert, deshalb wurde nichts hinzugefügt. Fange auf beiden Geräten neu an.',
  link_same_side:
    'Beide Geräte stehen auf derselben Seite. Öffne „Gerät verbinden“ auf dem angemeldeten und „Mit anderem Gerät verbinden“ auf dem neuen.',
  bad_link_code:
    'Das ist kein ganzer Verbindungscode. Kopiere ihn vollständig vom anderen Gerät oder scanne ihn noch einmal.',
  safety_mismatch:
    'Die Nummern stimmen nicht überein. Sende vorerst nichts Wichtiges: Prüfe, ob es die richtige Person ist, und frage den Gastgeber.',
  bad_safety_code: 'Das ist kein Sicherheitscode. Scanne den auf der Seite über dich.',
  was_reset: 'Diese Person hat neu angefangen. Prüfe zuerst, ob sie es wirklich ist.',
  too_large: 'Das ist zu groß. Mache es kürzer oder kleiner.',
  too_many: 'Davon gibt es schon zu viele.',
  too_many_tries: 'Zu viele Versuche. Warte ein wenig und versuche es noch einmal.',
  newer_backup: 'Diese Sicherung stammt aus einer neueren Version. Aktualisiere zuerst und stelle sie dann wieder her.',
  broken_backup: 'Diese Sicherung ist beschädigt. Versuche eine andere.',
  wrong_backup_key: 'Dieser Schlüssel öffnet die Sicherung nicht. Prüfe ihn und versuche es noch einmal.',
  disk_full: 'Die Festplatte deines Zuhauses ist voll. Der Gastgeber muss Platz schaffen.',
  internal: 'Etwas ist schiefgegangen. Versuche es noch einmal; bleibt es dabei, lade die Seite neu.',
  unavailable: 'Dein Zuhause kann gerade nicht antworten. Versuche es gleich noch einmal.',
  offline: 'Dein Zuhause ist nicht erreichbar. Prüfe deine Verbindung und versuche es noch einmal.',
  bad_recovery_code: 'Das ist kein Wiederherstellungscode von dir. Prüfe jede Gruppe und versuche es noch einmal.',
  weak_passphrase: 'Diese Passphrase ist zu leicht zu erraten. Mache sie länger.',
  storage_full: 'Auf diesem Gerät ist kein Platz mehr. Schaffe Platz und versuche es noch einmal.',
  alarm: 'An deinem Zuhause muss erst etwas geklärt werden, deshalb wurde nichts gesendet.',
  untrusted_server: 'Das ist nicht das Zuhause, das du kennst, deshalb wurde nichts gesendet. Frage den Gastgeber.',
  bad_invite: 'Dieser Link ist nicht vollständig. Kopiere den ganzen Link oder scanne den Code noch einmal.',
  unsupported: 'Dieser Browser ist dafür zu alt. Aktualisiere ihn oder nimm einen anderen.',
} satisfies FailureWords
