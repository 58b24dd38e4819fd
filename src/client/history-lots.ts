import {
  type BundleChain,
  type BundleMessage,
  type HistoryBundle,
  MAX_BUNDLE_CHAINS,
} from '../crypto/history-bundle.ts'
import { type ChainId, idFromBytes } from '../protocol/ids.ts'

/** More go into another bundle. */
const BUNDLE_MESSAGES = 50_000

/** Cuts what is to be shared into bundles that a newcomer's device takes: each with the chains of its own messages. */
export class HistoryLots {
  #messages: BundleMessage[] = []
  #chains = new Map<ChainId, BundleChain>()

  /** A bundle that is full now, else null. */
  add(message: BundleMessage, chain: BundleChain): HistoryBundle | null {
    this.#messages.push(message)
    this.#chains.set(idFromBytes<ChainId>(chain.chainId), chain)
    const isFull = this.#messages.length >= BUNDLE_MESSAGES || this.#chains.size >= MAX_BUNDLE_CHAINS
    return isFull ? this.take() : null
  }

  /** What is left; null when nothing is. */
  take(): HistoryBundle | null {
    if (this.#messages.length === 0) return null
    const bundle = { messages: this.#messages, chains: [...this.#chains.values()] }
    this.#messages = []
    this.#chains = new Map()
    return bundle
  }
}
