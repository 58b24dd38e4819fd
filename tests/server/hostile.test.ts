import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type RunningApp, startApp } from '../support/app.ts'
import { foundHome, type Newcomer } from '../support/newcomer.ts'

// What the torture found, each as small as it can be.
let running: RunningApp
let oma: Newcomer

beforeAll(async () => {
  running = await startApp()
  oma = await foundHome(running)
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(running.origin + path, {
    method: 'POST',
    headers: { origin: running.origin, 'content-type': 'application/json', ...headers },
    body,
  })

test('a megabyte of brackets is refused before anything tries to understand it', async () => {
  const startedAt = performance.now()
  for (const body of [
    '['.repeat(900_000),
    `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    `["\\"",${'['.repeat(99)}`,
  ]) {
    const response = await post('/api/sessions', body)
    expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({
      status: 400,
      error: 'bad_request',
    })
  }
  expect(performance.now() - startedAt).toBeLessThan(1_000)
})

test('brackets within a text are no nesting', async () => {
  const signInName = `a${'[{'.repeat(10)}\\"[[[[[[[[[[[[[`
  const response = await post('/api/recovery/start', `{"signInName":"${signInName}","kind":"code"}`)
  expect(await response.json()).toMatchObject({ error: 'bad_request', detail: 'body/signInName' })
})

test('a value that has no text is a bad request like any other', async () => {
  const cookie = `tv_access=${oma.cookies.get('tv_access')}`
  const response = await post('/api/prekeys/claim', '{"deviceIds":[{"toString":1}]}', { cookie })
  expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({
    status: 400,
    error: 'bad_request',
  })
})
