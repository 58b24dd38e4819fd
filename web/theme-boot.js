;(() => {
  const root = document.documentElement
  const read = (key) => {
    try {
      return localStorage.getItem(key)
    } catch {
      return null
    }
  }
  const theme = read('tv-theme')
  const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  root.dataset.theme = dark ? 'dark' : 'light'
  root.dataset.textSize = read('tv-text-size') || 'normal'
  const { door } = document.currentScript.dataset
  if (read('tv-inside') === 'yes') root.dataset.inside = ''
  else if (door) {
    const answer = fetch('/api/setup', { cache: 'no-store' }).then((response) => response.json())
    // Not reached is not known: the client asks again.
    globalThis.tvSetup = answer.catch(() => null)
    for (const href of door.split(' '))
      document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href }))
  }
  // Those of words/i18n.ts, chosen as there: the first paint has the direction that the page will have.
  const known = ['en', 'de']
  const wanted = [read('tv-language'), ...navigator.languages].map((code) => (code || '').slice(0, 2).toLowerCase())
  root.lang = wanted.find((code) => known.includes(code)) || 'en'
  root.dir = /^(ar|fa|he|ur|ckb|ps|sd|ug|yi|dv)\b/.test(root.lang) ? 'rtl' : 'ltr'
})()
