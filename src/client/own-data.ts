import type { AccountStateStore } from './account-state.ts'
import type { ClientApi, Me } from './api.ts'
import type { ClientContext } from './context.ts'
import { Departures } from './departures.ts'
import { createExport } from './export-archive.ts'
import type { OwnHome } from './home.ts'
import { createHostCare } from './host-care.ts'
import type { HttpCaller } from './http.ts'
import { createLeaving } from './leaving.ts'
import type { ownDataCommands } from './own-data-api.ts'
import type { Engine, Identity, KeyLog } from './parts.ts'
import type { OwnPeople } from './people.ts'
import type { WithRoot } from './root-access.ts'

type Needs = {
  context: ClientContext
  caller: HttpCaller
  identity: Identity
  keyLog: KeyLog
  people: OwnPeople
  home: OwnHome
  engine: Engine
  accountState: AccountStateStore
  withRoot: WithRoot
  me(): Me
}
export type OwnData = {
  commands: Pick<ClientApi, (typeof ownDataCommands)[number]>
  /** Takes people who are gone out of the groups. */
  departures: Departures
  leaveHome(signInName: string, secret: string): Promise<void>
}

/** Archive, leaving and what hosts do about people, put together. */
export function createOwnData(needs: Needs): OwnData {
  const { engine, people, home, accountState, me } = needs
  const { history } = engine
  const { clock } = needs.context.platform
  const now = () => clock.now()
  const pause = (delayMs: number) => new Promise<void>((resolve) => void clock.schedule(delayMs, resolve))
  const conversations = () => history.conversations()
  const departures = new Departures({ ...needs, conversations })
  const exports = createExport({
    ...{ history, me, now, homeName: () => home.state().name, people: () => people.list() },
    deviceNames: () => accountState.get().deviceNames,
  })
  const leaveHome = createLeaving({ ...needs, now, pause, conversations, leaveGroup: engine.commands.leaveGroup })
  people.onChanged(() => departures.runLater())
  return { commands: { ...exports, ...createHostCare({ ...needs, departures }) }, departures, leaveHome }
}
