import { describe, expect, test } from 'bun:test'
import { renderPlainPage } from '../../src/server/plain-page.ts'
import { chooseLanguage } from '../../src/server/plain-page-words.ts'
import { languages } from '../../web/words/languages.ts'

const visit = { secureUrl: 'https://192.168.1.20:8443/', offersCertificate: true }
const read = (acceptLanguage: string | null, change: Partial<Parameters<typeof renderPlainPage>[0]> = {}) =>
  renderPlainPage({ ...visit, acceptLanguage, ...change })

describe('the page over plain HTTP', () => {
  test('speaks the language that the browser asks for first and that there is', async () => {
    const german = await read('fr-CH, de-AT;q=0.9, en;q=0.8').text()
    expect(german).toContain('<html lang="de">')
    expect(german).toContain('Weiter zu <span class="address">https://192.168.1.20:8443/</span>')
    const english = await read('en-GB,de;q=0.5').text()
    expect(english).toContain('<html lang="en">')
    expect(english).toContain('Continue to <span class="address">')
  })

  test('says in both what there is to do without a secure address', async () => {
    expect(await read('de', { secureUrl: null }).text()).toContain('seiner Adresse mit <strong>https://</strong>')
    expect(await read('en', { secureUrl: null }).text()).toContain('by its <strong>https://</strong> address')
  })

  test('offers the same files and platforms in every language', async () => {
    const links = async (language: string) => (await read(language).text()).match(/href="[^"]*"/g)
    expect(await links('de')).toEqual(await links('en'))
    const counts = async (language: string) => (await read(language).text()).match(/<li>/g)?.length
    expect(await counts('de')).toBe(await counts('en'))
    expect(await counts('en')).toBeGreaterThan(10)
  })

  test('takes an address as text, never as markup', async () => {
    const page = await read('de', { secureUrl: 'https://x.example/"><script>' }).text()
    expect(page).not.toContain('<script')
  })
})

describe('Accept-Language', () => {
  test('is weighed, and nonsense or nothing means English', () => {
    expect(chooseLanguage('en;q=0.2, de;q=0.7')).toBe('de')
    expect(chooseLanguage('de;q=0, en;q=0.1')).toBe('en')
    for (const nonsense of [null, '', '*', 'de;q=x', ';;;,,', 'constructor', '__proto__;q=1', 'x'.repeat(9_000)])
      expect(chooseLanguage(nonsense)).toBe('en')
  })

  test('reaches every language of the app', () => {
    for (const language of Object.keys(languages)) expect(chooseLanguage(`${language}-XX`) as string).toBe(language)
  })
})
