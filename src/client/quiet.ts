import { ClientFailure } from './api.ts'

/** For work that is kept and done again: being offline is no news, anything else is worth a line. */
export function reportAs(what: string): (error: unknown) => void {
  return (error) => {
    if (error instanceof ClientFailure && error.code === 'offline') return
    console.warn(what, String(error))
  }
}
