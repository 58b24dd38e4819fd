import { bridge } from './bridge.ts'

/** Tells the client whether a person is looking, and when it is worth trying the connection again at once. */
export function followAttention(): void {
  const tell = () => bridge.call.setActive(document.visibilityState === 'visible' && document.hasFocus())
  const reconnect = () => bridge.call.reconnect()
  document.addEventListener('visibilitychange', () => {
    tell()
    if (document.visibilityState === 'visible') reconnect()
  })
  window.addEventListener('focus', tell)
  window.addEventListener('blur', tell)
  window.addEventListener('online', reconnect)
  // A line that is up is probed: what has gone silent is known to be lost after seconds, not after a minute.
  window.addEventListener('offline', reconnect)
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) reconnect()
  })
  tell()
}
