import type { BundleChain } from '../crypto/history-bundle.ts'
import type { KeyLogState } from '../crypto/key-log-validator.ts'
import type { DevicePublicKey } from '../crypto/key-types.ts'
import { verifyChainCertificate } from '../crypto/sender-chain.ts'
import { idFromBytes } from '../protocol/ids.ts'

type Owner = { userId: Uint8Array; deviceId: Uint8Array; dsk: DevicePublicKey }
export type Proof = { chain: BundleChain; owner: Owner }

/** Those that a device of the key log certified for this conversation and klass 0, by their ids. Whoever brought them is not believed. */
export function proveChains(log: KeyLogState, convId: Uint8Array, chains: readonly BundleChain[]): Map<string, Proof> {
  const devices = [...log.users.values()].flatMap((user) =>
    user.devices.map(({ deviceId, dsk }): [string, Owner] => [
      idFromBytes(deviceId),
      { userId: user.userId, deviceId, dsk },
    ]),
  )
  const owners = new Map(devices)
  const proofs = new Map<string, Proof>()
  for (const chain of chains) {
    const owner = owners.get(idFromBytes(chain.deviceId))
    const certified = { ...chain, convId, klass: 0 as const }
    if (owner && verifyChainCertificate(owner, certified)) proofs.set(idFromBytes(chain.chainId), { chain, owner })
  }
  return proofs
}
