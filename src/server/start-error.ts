/** Why the program cannot start: one sentence for the person at the command line, naming what to change. */
export class StartError extends Error {
  override name = 'StartError'
}
