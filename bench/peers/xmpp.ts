import { type Occupant, wordsOf } from './peer.ts'

// XMPP over WebSocket: anonymous sign-in, one group chat, its archive asked at the end (RFC 7395, XEP-0045, XEP-0313).

const domain = 'localhost'
const room = 'bench@conf.localhost'
const patienceMs = 15_000

export interface XmppOccupant extends Occupant {
  /** How many messages the room's archive holds. */
  countArchived(): Promise<number>
}

export async function joinRoom(url: string, occupant: number): Promise<XmppOccupant> {
  const stream = await XmppStream.open(url)
  const greeting = `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="${domain}" version="1.0"/>`
  await stream.ask(greeting, /features/)
  await stream.ask('<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>', /<success/)
  await stream.ask(greeting, /features/)
  const bind = '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>'
  await stream.ask(`<iq xmlns="jabber:client" type="set" id="bind">${bind}</iq>`, /id=['"]bind['"]/)
  await enter(stream, occupant)
  return stream
}

async function enter(stream: XmppStream, occupant: number): Promise<void> {
  const muc = '<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x>'
  const presence = `<presence xmlns="jabber:client" to="${room}/occupant${occupant}">${muc}</presence>`
  const answer = await stream.ask(presence, /code=['"]110['"]|type=['"]error['"]/)
  if (/type=['"]error['"]/.test(answer)) throw new Error(`not let in: ${answer.slice(0, 200)}`)
  if (!/code=['"]201['"]/.test(answer)) return
  const form = '<x xmlns="jabber:x:data" type="submit"/>'
  const query = `<query xmlns="http://jabber.org/protocol/muc#owner">${form}</query>`
  await stream.ask(`<iq xmlns="jabber:client" to="${room}" type="set" id="make">${query}</iq>`, /id=['"]make['"]/)
}

class XmppStream implements XmppOccupant {
  onMessage: (number: number) => void = () => undefined
  readonly onStored = null
  #wanted: { pattern: RegExp; resolve(stanza: string): void } | null = null

  private constructor(private readonly socket: WebSocket) {
    socket.onmessage = ({ data }) => this.#take(String(data))
  }

  static open(url: string): Promise<XmppStream> {
    const socket = new WebSocket(url, ['xmpp'])
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve(new XmppStream(socket))
      socket.onerror = () => reject(new Error(`${url} did not answer`))
    })
  }

  #take(stanza: string): void {
    const number = /<body>(\d+)-/.exec(stanza)?.[1]
    if (number) this.onMessage(Number(number))
    else if (this.#wanted?.pattern.test(stanza)) {
      const { resolve } = this.#wanted
      this.#wanted = null
      resolve(stanza)
    }
  }

  ask(stanza: string, pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer like ${pattern}`)), patienceMs)
      const settle = (answer: string) => {
        clearTimeout(timer)
        resolve(answer)
      }
      this.#wanted = { pattern, resolve: settle }
      this.socket.send(stanza)
    })
  }

  say(number: number): void {
    const body = `<body>${wordsOf(number)}</body>`
    this.socket.send(`<message xmlns="jabber:client" to="${room}" type="groupchat" id="m${number}">${body}</message>`)
  }

  async countArchived(): Promise<number> {
    const page = '<set xmlns="http://jabber.org/protocol/rsm"><max>1</max></set>'
    const query = `<query xmlns="urn:xmpp:mam:2" queryid="q">${page}</query>`
    const iq = `<iq xmlns="jabber:client" to="${room}" type="set" id="archive">${query}</iq>`
    const answer = await this.ask(iq, /id=['"]archive['"]/)
    return Number(/<count[^>]*>(\d+)</.exec(answer)?.[1] ?? Number.NaN)
  }

  close(): void {
    this.socket.close()
  }
}
