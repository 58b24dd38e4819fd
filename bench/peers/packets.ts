import { connect, type Socket } from 'node:net'

/** A TCP connection whose bytes come in pieces: `cut` takes whole packets off the front and answers what is left. */
export async function openPackets(port: number, cut: (bytes: Buffer) => Buffer): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let rest = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    rest = cut(rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes) as Buffer<ArrayBuffer>
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return socket
}
