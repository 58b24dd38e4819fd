import { connect, createServer } from 'node:net'

// bun tests/torture/relay.ts ADDRESS PORT PATH: a door in another network. What knocks there goes on to a socket file, which no network bounds.
const [address, port, path] = process.argv.slice(2)
const server = createServer({ allowHalfOpen: true }, (visitor) => {
  const home = connect({ path: path!, allowHalfOpen: true })
  for (const [from, to] of [
    [visitor, home],
    [home, visitor],
  ] as const) {
    from.on('error', () => to.destroy())
    from.pipe(to)
  }
})
server.listen(Number(port), address, () => console.log('open'))
