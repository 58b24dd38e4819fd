import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { StartError } from './start-error.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface Config {
  dataFolder: string
  host: string
  /** Plain HTTP: the app for this machine and for a trusted proxy, one explaining page for everyone else. */
  httpPort: number
  /** Null when this server speaks no HTTPS itself. */
  httpsPort: number | null
  /** The address that the family uses, when it is known from outside (a proxy, an own domain). */
  publicUrl: URL | null
  /** Addresses or networks whose X-Forwarded-For is believed. */
  trustedProxies: string[]
  logLevel: LogLevel
  opensBrowser: boolean
}

/** One sentence that names the setting and the cure. */
export class SettingError extends StartError {
  override name = 'SettingError'
}

interface Setting {
  flag: string
  variable: string
  value: string
  fallback: string
  meaning: string
}

// The one list of settings: the command line, the environment and `help` all read it.
export const settings: readonly Setting[] = [
  setting('data', 'DIR', './trallivalli-data', 'folder that holds everything'),
  setting('host', 'ADDRESS', '0.0.0.0', 'network address to listen on'),
  setting('port', 'PORT', '8080', 'port for plain HTTP'),
  setting('https-port', 'PORT', '8443', 'port for HTTPS'),
  setting('tls', 'auto|off', 'auto', 'auto: HTTPS with certificates of its own; off: a proxy does it'),
  setting('public-url', 'URL', '', 'address the family uses, for example https://chat.example.org'),
  setting(
    'trusted-proxies',
    'LIST',
    '',
    'proxies to believe, by address or network; this machine if public-url is set',
  ),
  setting('log', 'LEVEL', 'info', 'debug, info, warn, error or silent'),
  setting('open', 'auto|no', 'auto', 'whether to open the browser at the start'),
]

function setting(flag: string, value: string, fallback: string, meaning: string): Setting {
  return { flag, variable: `TRALLIVALLI_${flag.toUpperCase().replaceAll('-', '_')}`, value, fallback, meaning }
}

type Flags = Record<string, string | undefined>

export function readConfig(env: Record<string, string | undefined>, flags: Flags = {}): Config {
  const read = (flag: string): Source => readSetting(env, flags, flag)
  const publicUrl = readUrl(read('public-url'))
  return {
    dataFolder: resolve(read('data').text),
    host: readHost(read('host')),
    httpPort: readPort(read('port')),
    httpsPort: readChoice(read('tls'), ['auto', 'off']) === 'off' ? null : readPort(read('https-port')),
    publicUrl,
    trustedProxies: readNetworks(read('trusted-proxies'), publicUrl),
    logLevel: readChoice(read('log'), ['debug', 'info', 'warn', 'error', 'silent']),
    opensBrowser: readChoice(read('open'), ['auto', 'no']) === 'auto',
  }
}

interface Source {
  text: string
  /** How the person wrote it: the flag or the variable. */
  name: string
}

function readSetting(env: Record<string, string | undefined>, flags: Flags, flag: string): Source {
  const { variable, fallback } = settings.find((candidate) => candidate.flag === flag)!
  const given = flags[flag]?.trim()
  if (given === '' && fallback !== '') throw new SettingError(`--${flag} is empty: give it a value, or leave it out.`)
  if (given !== undefined) return { text: given, name: `--${flag}` }
  const text = env[variable]?.trim()
  return { text: text || fallback, name: variable }
}

function readPort({ text, name }: Source): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new SettingError(`${name} is "${text}", but a port is a number from 1 to 65535 (0 picks a free one).`)
}

function readHost({ text, name }: Source): string {
  if (text === 'localhost') return '127.0.0.1'
  if (isIP(text)) return text
  throw new SettingError(
    `${name} is "${text}", but it must be an address of this machine, such as 0.0.0.0 or 127.0.0.1.`,
  )
}

function readChoice<const T extends string>({ text, name }: Source, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === text.toLowerCase())
  if (choice) return choice
  throw new SettingError(`${name} is "${text}", but it must be one of: ${choices.join(', ')}.`)
}

function readUrl({ text, name }: Source): URL | null {
  if (text === '') return null
  const url = URL.canParse(text) ? new URL(text) : null
  const isOrigin =
    url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.hash && !url.username
  if (isOrigin) return url
  throw new SettingError(
    `${name} is "${text}", but it must be an address without a path, such as https://chat.example.org.`,
  )
}

function readNetworks({ text, name }: Source, publicUrl: URL | null): string[] {
  if (text === '') return publicUrl ? ['127.0.0.0/8', '::1'] : []
  const networks = text.split(/[\s,]+/).filter(Boolean)
  const wrong = networks.find((network) => !isNetwork(network))
  if (wrong === undefined) return networks
  throw new SettingError(
    `${name} contains "${wrong}", but it must list addresses or networks, such as 127.0.0.1 or 10.0.0.0/8.`,
  )
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}
