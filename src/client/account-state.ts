import { openAccountState, sealAccountState } from '../crypto/account-state.ts'
import { type CborValue, decodeCborMap, encodeCbor } from '../crypto/cbor.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import type { SealedState } from '../protocol/accounts.ts'
import type { AccountId, DeviceId, InviteId } from '../protocol/ids.ts'
import { ClientFailure } from './api.ts'
import type { ClientContext, LocalWrite } from './context.ts'
import { bytesOf, textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { ArchiveKeys } from './parts.ts'

/** What all devices of a person share (PROTOCOL 4.8); the home keeps it sealed. Encoded as a CBOR map of exactly these fields. */
export type AccountState = {
  format: 1
  profile: { name: string; photo: Uint8Array | null; changedAt: number }
  contacts: { [accountId: AccountId]: Contact }
  deviceNames: { [deviceId: DeviceId]: string }
  /** Signed out from another device, and when: the device itself then leaves the log when it sees this. */
  signedOutDevices: { [deviceId: DeviceId]: number }
  invites: { [inviteId: InviteId]: { secret: Uint8Array; inviteeName: string; role?: 'member' | 'host' } }
  isKitConfirmed: boolean
  /** The home's log key as it was pinned when the account began: a new device has no invite link to pin it by. */
  logPublicKey: Uint8Array
  /** The backup key in use after a new root; believed only where the key log names its hash. */
  backupPublicKey?: Uint8Array
  /** The last group of the kit that is valid now, and when somebody was last asked for it. */
  kit?: KitMemory
  /** Whose new identity was looked at and accepted: H(UIK). */
  resetsSeen?: { [accountId: AccountId]: Uint8Array }
}
export type KitMemory = { check: string; askedAt: number; asks: number }
/** Somebody whose key this person holds for genuine, and why. */
export type Contact = { how: 'inviter' | 'invitee' | 'numbers'; uikHash: Uint8Array }

/** A state with the version under which the home keeps it. */
export type HeldState = { version: number; state: AccountState }

const MAX_BYTES = 196_608
const MAX_TRIES = 6
const STATE_KEY = 'account-state'

/** Applied to whatever state is newest when it is written; must give the same when applied twice. */
export type StateChange = (state: AccountState) => AccountState

function decodeState(bytes: Uint8Array): AccountState {
  const map = decodeCborMap(bytes, { maxBytes: MAX_BYTES })
  if (map['format'] !== 1) throw new DecryptionFailed('account state of another format')
  return map as unknown as AccountState
}

/** Seals a state under the current archive key, for the home. */
export async function sealState(
  seal: { userId: Uint8Array; random: (length: number) => Uint8Array; archiveKeys: Pick<ArchiveKeys, 'current'> },
  { version, state }: HeldState,
): Promise<SealedState> {
  const archiveKey = seal.archiveKeys.current()
  const place = { userId: seal.userId, version }
  const encoded = encodeCbor(state as unknown as CborValue)
  return {
    version,
    epoch: archiveKey.epoch,
    sealed: textOf(await sealAccountState(archiveKey, place, encoded, seal.random)),
  }
}

/** Opens what the home keeps; DecryptionFailed when it is not this person's state of that version. */
export async function openState(
  userId: Uint8Array,
  archiveKeys: Pick<ArchiveKeys, 'get'>,
  sealed: SealedState,
): Promise<HeldState> {
  const key = archiveKeys.get(sealed.epoch)
  if (key === null) throw new DecryptionFailed('account state under an archive key that is not here')
  const place = { userId, version: sealed.version }
  const bytes = await openAccountState({ epoch: sealed.epoch, key }, place, bytesOf(sealed.sealed))
  return { version: sealed.version, state: decodeState(bytes) }
}

/** The row that keeps a state on this device. */
export function stateWrite(held: HeldState): LocalWrite {
  return { table: 'device', key: STATE_KEY, value: held }
}

export type AccountStateStore = {
  get(): AccountState
  version(): number
  /** Compare-and-swap at the home; when another device was faster, its state is taken and the change made on it. */
  update(change: StateChange): Promise<void>
  /** Takes a newer state from the home. A smaller version than held is refused: the home would be showing an old one. */
  refresh(): Promise<void>
  onChanged(listener: (state: AccountState) => void): () => void
  /** As the home keeps it, for a home that lost it. */
  seal(): Promise<SealedState>
}

type StateNeeds = {
  context: ClientContext
  http: Http
  userId: Uint8Array
  archiveKeys: ArchiveKeys
  onMissingKey?(): void
}

/** Opens the local copy; there is one from the moment a device exists. */
export async function openAccountStateStore(needs: StateNeeds): Promise<AccountStateStore> {
  const stored = await needs.context.store.get<HeldState>('device', STATE_KEY)
  if (stored === null) throw new Error('a device without an account state')
  return new SharedState(needs, stored)
}

class SharedState implements AccountStateStore {
  #queue: Promise<unknown> = Promise.resolve()
  readonly #listeners = new Set<(state: AccountState) => void>()
  constructor(
    private readonly needs: StateNeeds,
    private held: HeldState,
  ) {}

  get() {
    return this.held.state
  }
  version() {
    return this.held.version
  }
  onChanged(listener: (state: AccountState) => void) {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  update(change: StateChange): Promise<void> {
    return this.#inTurn(async () => {
      for (let tries = 1; ; tries++) {
        const next = { version: this.held.version + 1, state: change(this.held.state) }
        try {
          await this.needs.http.putAccountState(await this.#seal(next))
          return await this.#keep(next)
        } catch (error) {
          const isLost = error instanceof ClientFailure && error.code === 'state_moved'
          if (!isLost || tries === MAX_TRIES) throw error
          await this.#fetch(true)
        }
      }
    })
  }
  seal(): Promise<SealedState> {
    return this.#inTurn(() => this.#seal(this.held))
  }

  refresh(): Promise<void> {
    return this.#inTurn(() => this.#fetch(false))
  }

  /** `mayGoBack`: a home restored from a backup counts from its own version; what is held here is still what is true. */
  async #fetch(mayGoBack: boolean): Promise<void> {
    const { userId, archiveKeys, http } = this.needs
    const sealed = await http.accountState()
    if (sealed.version > this.held.version && archiveKeys.get(sealed.epoch) === null) {
      // Sealed under a key that an own device made: its word about it is on the way, or is asked for again.
      this.needs.onMissingKey?.()
      throw new ClientFailure('unavailable', 0, 'the key of the account state has not come yet')
    }
    if (sealed.version > this.held.version) await this.#keep(await openState(userId, archiveKeys, sealed))
    else if (mayGoBack) this.held = { version: sealed.version, state: this.held.state }
  }

  #seal(held: HeldState): Promise<SealedState> {
    const { userId, archiveKeys, context } = this.needs
    return sealState({ userId, archiveKeys, random: context.platform.random }, held)
  }

  async #keep(held: HeldState): Promise<void> {
    await this.needs.context.store.commit([stateWrite(held)])
    this.held = held
    for (const listener of this.#listeners) listener(held.state)
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const run = this.#queue.then(work)
    this.#queue = run.catch(() => undefined)
    return run
  }
}
