import { expect, test } from 'bun:test'
import { PageSize } from '../../src/client/page-size.ts'

test('pages grow while they come fast, up to what costs no less any more', () => {
  const size = new PageSize()
  const counts = [size.count]
  for (let page = 0; page < 3; page++) {
    size.took(300)
    counts.push(size.count)
  }
  expect(counts).toEqual([100, 200, 400, 400])
})

test('they shrink while they are slow, and a middling pace changes nothing', () => {
  const size = new PageSize()
  size.took(1_500)
  expect(size.count).toBe(100)
  size.took(4_500)
  expect(size.count).toBe(50)
})

test('a line that breaks under everything is asked for one message at last, and for more again when it answers, be it slowly', () => {
  const size = new PageSize()
  for (let page = 0; page < 9; page++) size.broke()
  expect(size.count).toBe(1)
  for (let page = 0; page < 9; page++) size.took(1_500)
  expect(size.count).toBeGreaterThanOrEqual(100)
})
