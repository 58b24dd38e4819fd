const maxAddresses = 64

/** By which addresses other machines have reached this home since it started: it turns the wizard's tick green. */
export class SeenAddresses {
  readonly #origins = new Set<string>()

  note(origin: string): void {
    if (this.#origins.size < maxAddresses) this.#origins.add(origin)
  }

  has(origin: string): boolean {
    return this.#origins.has(origin)
  }

  list(): string[] {
    return [...this.#origins]
  }
}
