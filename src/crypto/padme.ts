/**
 * Padme (PURBs, Nikitin et al. 2019): rounds a length up so that it says little of the content, at most 12 % more.
 * n < 2: n; else E = floor(log2 n), S = floor(log2 E) + 1, n rounded up to a multiple of 2^(E-S).
 */
export function padmeLength(length: number): number {
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError('not a length')
  if (length < 2) return length
  const exponent = floorLog2(length)
  const step = 2 ** (exponent - (floorLog2(exponent) + 1))
  return step <= 1 ? length : Math.ceil(length / step) * step
}

// Exact for all safe integers: Math.log2 rounds just below powers of two.
function floorLog2(value: number): number {
  let exponent = 0
  while (2 ** (exponent + 1) <= value) exponent++
  return exponent
}
