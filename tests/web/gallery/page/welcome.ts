import type { Phase } from '../../../../src/client/api.ts'
import { bridge } from '../../../../web/bridge.ts'
import { serveFace } from '../../../../web/bridge-server.ts'
import { advanceJoin, inviteIdIn, type JoinStep } from '../../../../web/features/welcome/join-progress.ts'
import { $recoveryCode } from '../../../../web/features/welcome/kit.ts'
import { $obstacle, type Obstacle } from '../../../../web/features/welcome/obstacle.ts'
import { advanceSetup, type SetupStep } from '../../../../web/features/welcome/setup-progress.ts'
import { applyPreferences } from '../../../../web/preferences.ts'
import { applyLanguage } from '../../../../web/words/i18n.ts'
import { home, me, people } from './cast.ts'
import { createWelcomeClient } from './welcome-client.ts'
import '../../../../web/features/shell/tv-app.ts'

/** The real welcome elements over the real bridge, at the step the address names. */
const query = new URLSearchParams(location.search)
const channel = new MessageChannel()
const client = createWelcomeClient(query.get('variant') ?? '')
const person = { name: 'Sofia', signInName: 'sofia', isOwnSignInName: false, photo: null }
const joe = { name: 'Grandpa Joe', signInName: 'grandpa-joe', isOwnSignInName: false, photo: null }
applyPreferences(document.documentElement)
applyLanguage(document.documentElement)

if (query.get('step')) {
  advanceSetup({
    step: query.get('step') as SetupStep,
    homeName: query.has('blank') ? '' : 'The Lindqvists',
    person,
    origin: '',
    isKitSkipped: query.has('skipped'),
  })
}
if (query.get('join')) {
  advanceJoin({
    step: query.get('join') as JoinStep,
    inviteId: inviteIdIn(location.hash),
    homeName: 'The Lindqvists',
    inviterName: 'Anna',
    person: joe,
    isKitSkipped: query.has('skipped'),
  })
}
if (query.has('code')) $recoveryCode.set('K7QD2MXV9RTLW4ZBK7QD2MXV9RTLW4ZBK7QD2MXV9RTLW4ZBABCDPLUM')
if (query.get('obstacle')) $obstacle.set(query.get('obstacle') as Obstacle)

serveFace(client, channel.port1)
bridge.connect(channel.port2)
const phases: Record<string, Phase> = {
  inside: { name: 'inside' },
  claimed: { name: 'outside', isClaimed: true },
  unclaimed: { name: 'outside', isClaimed: false },
  unknown: { name: 'outside', isClaimed: null },
}
const gallery = { emit: client.emit, bridge, isStaged: false }
setTimeout(() => {
  if (query.get('phase') === 'inside') {
    client.emit({ type: 'me', me })
    client.emit({ type: 'home', home: { ...home, familyConversationId: null } })
    client.emit({ type: 'people', people })
  }
  client.emit({ type: 'phase', phase: phases[query.get('phase') ?? 'unclaimed']! })
  if (query.get('dir')) document.documentElement.dir = query.get('dir')!
  gallery.isStaged = true
}, 20)

Object.assign(globalThis, { gallery })
