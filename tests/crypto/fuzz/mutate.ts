/** xorshift32: the same inputs for the same seed, millions a second. */
export class Dice {
  #state: number
  constructor(seed: number) {
    this.#state = seed | 1
  }
  next(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return state >>> 0
  }
  below(bound: number): number {
    return this.next() % Math.max(1, bound)
  }
}

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x1f, 0x9f, 0xbf]

/** Something near one of the valid inputs, or plain noise. */
export function mutate(dice: Dice, seeds: readonly Uint8Array[]): Uint8Array {
  if (dice.below(10) === 0) return noise(dice, dice.below(300))
  let bytes: Uint8Array = seeds[dice.below(seeds.length)]!.slice()
  for (let count = dice.below(4); count >= 0; count--) bytes = change(dice, bytes, seeds)
  return bytes
}

function change(dice: Dice, bytes: Uint8Array, seeds: readonly Uint8Array[]): Uint8Array {
  const at = dice.below(bytes.length)
  switch (dice.below(8)) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      return join(bytes, noise(dice, 1 + dice.below(8)))
    case 2:
      return join(bytes.subarray(0, at), seeds[dice.below(seeds.length)]!.subarray(at))
    case 3:
      return join(bytes.subarray(0, at), bytes.subarray(dice.below(bytes.length)))
    case 4:
      bytes.fill(EXTREMES[dice.below(EXTREMES.length)]!, at, at + 1 + dice.below(8))
      return bytes
    case 5:
      if (bytes.length > 0) bytes[at]! ^= 1 << dice.below(8)
      return bytes
    default:
      if (bytes.length > 0) bytes[at] = dice.below(256)
      return bytes
  }
}

function noise(dice: Dice, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => dice.below(256))
}
function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const whole = new Uint8Array(left.length + right.length)
  whole.set(left)
  whole.set(right, left.length)
  return whole
}
