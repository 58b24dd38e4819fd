import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { MalformedFrame } from '../../src/protocol/codec.ts'
import { bundleFrames, serverFrames, splitFrames } from '../../src/protocol/socket.ts'

// No frame begins with the code of a bundle: it would be taken for one.
const anyFrame = fc.uint8Array({ minLength: 1, maxLength: 300 }).filter(([code]) => code !== 15)

test('a bundle gives back its frames in order, and a lone frame is itself', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 8 }), (frames) => {
      expect(splitFrames(bundleFrames(frames))).toEqual(frames)
      expect(splitFrames(frames[0]!)).toEqual([frames[0]!])
    }),
  )
})

test('a bundle that ends too early is refused, wherever it is cut', () => {
  const bundle = bundleFrames([Uint8Array.of(12, 1, 2, 3), Uint8Array.of(3, 4)])
  const wholes = [bundle.length, 1 + 4 + 4]
  for (let length = 1; length < bundle.length; length++) {
    if (!wholes.includes(length)) expect(() => splitFrames(bundle.subarray(0, length))).toThrow(MalformedFrame)
  }
})

test('a bundle within a bundle is no frame', () => {
  const inner = bundleFrames([serverFrames.encode({ type: 'pong', now: 1 })])
  const [frame] = splitFrames(bundleFrames([inner]))
  expect(() => serverFrames.decode(frame!)).toThrow(MalformedFrame)
})
