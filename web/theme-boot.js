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
  if (read('tv-inside') === 'yes') root.dataset.inside = ''
  else {
    globalThis.tvSetup = fetch('/api/setup', { cache: 'no-store' }).then((response) => response.json())
    for (const href of document.currentScript.dataset.door.split(' '))
      document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href }))
  }
  const language = read('tv-language') || navigator.language
  root.lang = language
  root.dir = /^(ar|fa|he|ur|ckb|ps|sd|ug|yi|dv)\b/.test(language) ? 'rtl' : 'ltr'
})()
