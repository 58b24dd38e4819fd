import { expect, test } from 'bun:test'
import { resolve } from 'node:path'
import { readConfig, SettingError, settings } from '../../src/server/config.ts'

test('nothing set is a working home', () => {
  expect(readConfig({})).toEqual({
    dataFolder: resolve('trallivalli-data'),
    host: '0.0.0.0',
    httpPort: 8080,
    httpsPort: 8443,
    publicUrl: null,
    trustedProxies: [],
    logLevel: 'info',
    opensBrowser: true,
  })
})

test('a flag wins over the environment, the environment over the default', () => {
  const env = { TRALLIVALLI_PORT: '81', TRALLIVALLI_HTTPS_PORT: '444', TRALLIVALLI_LOG: '' }
  const config = readConfig(env, { port: '82' })
  expect([config.httpPort, config.httpsPort, config.logLevel]).toEqual([82, 444, 'info'])
})

test('--tls off means no HTTPS port', () => {
  expect(readConfig({}, { tls: 'off' }).httpsPort).toBeNull()
})

test('a public address makes this machine a trusted proxy, unless another is named', () => {
  const flags = { 'public-url': 'https://chat.example.org' }
  expect(readConfig({}, flags).trustedProxies).toEqual(['127.0.0.0/8', '::1'])
  expect(readConfig({}, { ...flags, 'trusted-proxies': '10.0.0.0/8, fd00::1' }).trustedProxies).toEqual([
    '10.0.0.0/8',
    'fd00::1',
  ])
})

test('each setting has a flag, a variable and a meaning', () => {
  expect(settings.length).toBeGreaterThan(5)
  for (const { flag, variable, meaning } of settings) {
    expect(flag).toMatch(/^[a-z-]+$/)
    expect(variable).toMatch(/^TRALLIVALLI_[A-Z_]+$/)
    expect(meaning.length).toBeGreaterThan(10)
  }
})

test.each([
  ['port', 'abc'],
  ['port', '65536'],
  ['port', '-1'],
  ['https-port', '8e3'],
  ['host', 'my house'],
  ['tls', 'yes'],
  ['public-url', 'chat.example.org'],
  ['public-url', 'https://chat.example.org/path'],
  ['public-url', 'ftp://chat.example.org'],
  ['trusted-proxies', '10.0.0.0/33'],
  ['trusted-proxies', '10.0.0.1, proxy'],
  ['log', 'loud'],
  ['open', 'maybe'],
])('--%s "%s" is refused in one sentence that names it and the cure', (flag, value) => {
  const attempt = () => readConfig({}, { [flag]: value })
  expect(attempt).toThrow(SettingError)
  expect(attempt).toThrow(new RegExp(`^--${flag} [^\\n]*must|^--${flag} [^\\n]*is a number`))
})

test('an empty flag is a slip, not the folder where one happens to stand', () => {
  expect(() => readConfig({}, { data: '' })).toThrow(/^--data is empty/)
  expect(readConfig({}, { 'public-url': '' }).publicUrl).toBeNull()
})

test('a wrong variable is named as the variable', () => {
  expect(() => readConfig({ TRALLIVALLI_PORT: 'x' })).toThrow(/^TRALLIVALLI_PORT is "x"/)
})
