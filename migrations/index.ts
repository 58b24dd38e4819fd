import firstLight from './sqlite/0001_first_light.sql' with { type: 'text' }

export interface Migration {
  number: number
  name: string
  sql: string
}

/** Every change of the tables, in order. A number that has landed is never edited. */
export const migrations: readonly Migration[] = [{ number: 1, name: 'first_light', sql: firstLight }]
