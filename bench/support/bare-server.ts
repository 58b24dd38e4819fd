import { Database } from 'bun:sqlite'
import { join } from 'node:path'

// The ceiling: Bun's own publish and one SQLite table, durable (WAL, synchronous FULL) with what came in one turn as one
// transaction. No accounts, no membership, no sequence numbers of ours, no retries, no back-pressure.

const [folder = ''] = Bun.argv.slice(2)
const database = new Database(join(folder, 'bare.sqlite'))
database.run('PRAGMA journal_mode = WAL')
database.run('PRAGMA synchronous = FULL')
database.run('CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY, room TEXT, at INTEGER, body BLOB)')
const insert = database.prepare('INSERT INTO messages (room, at, body) VALUES (?, ?, ?)')

let waiting: Uint8Array[] = []
const store = database.transaction((bodies: Uint8Array[]) => {
  for (const body of bodies) insert.run('room', Date.now(), body)
})
function flush(): void {
  const bodies = waiting
  waiting = []
  store(bodies)
  for (const body of bodies) server.publish('room', body)
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('no')),
  websocket: {
    backpressureLimit: 16 << 20,
    open(socket) {
      socket.subscribe('room')
    },
    message(_, message) {
      if (waiting.push(Uint8Array.from(message as Buffer)) === 1) setImmediate(flush)
    },
  },
})
console.log(server.port)
process.stdin.resume().once('close', () => process.exit(0))
process.once('SIGTERM', () => process.exit(0))
