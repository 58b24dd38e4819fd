import firstLight from './sqlite/0001_first_light.sql' with { type: 'text' }
import beginAnew from './sqlite/0002_begin_anew.sql' with { type: 'text' }
import envelopeSender from './sqlite/0003_envelope_sender.sql' with { type: 'text' }
import disappearing from './sqlite/0004_disappearing.sql' with { type: 'text' }
import departures from './sqlite/0005_departures.sql' with { type: 'text' }
import files from './sqlite/0006_files.sql' with { type: 'text' }
import messagesInOrder from './sqlite/0007_messages_in_order.sql' with { type: 'text' }
import vouchers from './sqlite/0008_vouchers.sql' with { type: 'text' }

export interface Migration {
  number: number
  name: string
  sql: string
}

/** Every change of the tables, in order. A number that has landed is never edited. */
export const migrations: readonly Migration[] = [
  { number: 1, name: 'first_light', sql: firstLight },
  { number: 2, name: 'begin_anew', sql: beginAnew },
  { number: 3, name: 'envelope_sender', sql: envelopeSender },
  { number: 4, name: 'disappearing', sql: disappearing },
  { number: 5, name: 'departures', sql: departures },
  { number: 6, name: 'files', sql: files },
  { number: 7, name: 'messages_in_order', sql: messagesInOrder },
  { number: 8, name: 'vouchers', sql: vouchers },
]
