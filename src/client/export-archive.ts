import type { AccountId } from '../protocol/ids.ts'
import { type ClientApi, ClientFailure, type Conversation, type Me, type MessageView, type Person } from './api.ts'
import type { History } from './export-history.ts'
import { jsonLine, lineToShow } from './export-lines.ts'
import {
  type ConversationPage,
  fill,
  type PageFace,
  pageName,
  pictureKind,
  renderConversation,
  renderIndex,
} from './export-page.ts'
import type { ExportPart, ExportWords, PluralWords } from './own-data-api.ts'
import { ArchiveTooLarge, ZipWriter } from './zip.ts'

/** What one page holds at most; nothing but the page at hand is opened at once. */
const PAGE_LINES = 1_000
const PAGE_CHARACTERS = 1_000_000
const READ_LINES = 200
const encoder = new TextEncoder()

export type ExportNeeds = {
  now(): number
  history: History
  me(): Me
  homeName(): string
  people(): Person[]
  deviceNames(): { [deviceId: string]: string }
}
export type Exports = Pick<ClientApi, 'startExport' | 'nextExportPart' | 'cancelExport'>

/** One archive at a time, made piece by piece as it is asked for. */
export function createExport(needs: ExportNeeds): Exports {
  let parts: AsyncGenerator<ExportPart> | null = null
  const end = async () => {
    await parts?.return(undefined)
    parts = null
  }
  return {
    async startExport(words) {
      await end()
      parts = new Archive(needs, words).parts()
    },
    async nextExportPart() {
      const mine = parts
      if (mine === null) throw new ClientFailure('bad_request', 0, 'no export was begun')
      try {
        const { value } = await mine.next()
        if (!value) throw new ClientFailure('bad_request', 0, 'the export is over')
        if (value.isLast) parts = null
        return value
      } catch (error) {
        parts = null
        throw error instanceof ArchiveTooLarge ? new ClientFailure('too_large') : error
      }
    },
    cancelExport: end,
  }
}

type Entry = { title: string; address: string; count: string; note: string }

class Archive {
  readonly #zip: ZipWriter
  readonly #conversations: Conversation[]
  readonly #people: Map<AccountId, Person>
  readonly #me: Me
  readonly #entries: Entry[] = []
  #done = 0

  constructor(
    private readonly needs: ExportNeeds,
    private readonly words: ExportWords,
  ) {
    this.#zip = new ZipWriter(new Date(needs.now()))
    this.#conversations = needs.history.conversations()
    this.#people = new Map(needs.people().map((person) => [person.accountId, person]))
    this.#me = needs.me()
  }

  async *parts(): AsyncGenerator<ExportPart> {
    for (const { conversationId } of this.#conversations) {
      for (let held = -1; !this.needs.history.state(conversationId).isWhole; ) {
        yield this.#part('fetching')
        await this.needs.history.fetchOlder(conversationId)
        const now = this.needs.history.state(conversationId).held
        if (now <= held) throw new ClientFailure('unavailable', 0, 'the home gives no older messages')
        held = now
      }
    }
    for (const [place, conversation] of this.#conversations.entries())
      yield* this.#conversation(conversation, place + 1)
    yield* this.#about()
    const index = this.#file('index.html', this.#index())
    yield this.#part('writing', index)
    yield { ...this.#part('writing', this.#zip.end()), isLast: true }
  }

  async *#conversation(conversation: Conversation, place: number): AsyncGenerator<ExportPart> {
    const title = this.#title(conversation)
    const folder = `conversations/${String(place).padStart(3, '0')}-${fileName(title)}`
    let [page, count, leftOut] = [0, 0, 0]
    let batch: Batch = { lines: [], next: '', isEnd: false }
    do {
      batch = await this.#read(conversation, batch.next)
      const shown = batch.lines.filter(({ expirySeconds }) => expirySeconds === 0)
      page++
      count += shown.filter(({ kind }) => kind !== 'notice').length
      leftOut += batch.lines.length - shown.length
      const note = batch.isEnd && leftOut > 0 ? this.#count(this.words.disappearing, leftOut) : ''
      const view: ConversationPage = {
        ...{ title, page, note, hasNext: !batch.isEnd, faces: this.#faces(conversation) },
        lines: shown.map((line) => lineToShow(line, this.words, (id) => this.#name(id))),
      }
      this.#done += batch.lines.length
      yield this.#part('writing', this.#file(`${folder}/${pageName(page)}`, renderConversation(this.words, view)))
      const json = this.#json(conversation, { title, page, lines: shown, leftOut: batch.isEnd ? leftOut : 0 })
      yield this.#part('writing', this.#file(`${folder}/messages-${String(page).padStart(3, '0')}.json`, json))
    } while (!batch.isEnd)
    const note = leftOut > 0 ? this.#count(this.words.disappearing, leftOut) : ''
    const amount = this.#count(this.words.messages, count)
    this.#entries.push({ title, address: `${folder}/${pageName(1)}`, count: amount, note })
  }

  /** The lines of one page. A look ahead tells whether it is the last one. */
  async #read({ conversationId }: Conversation, afterKey: string): Promise<Batch> {
    const { history } = this.needs
    const lines: MessageView[] = []
    let next = afterKey
    for (let size = 0; lines.length < PAGE_LINES && size < PAGE_CHARACTERS; ) {
      const more = await history.read(conversationId, next, READ_LINES)
      lines.push(...more)
      next = more.at(-1)?.orderKey ?? next
      size += more.reduce((sum, { text }) => sum + text.length, 0)
      if (more.length < READ_LINES) break
    }
    const isEnd = (await history.read(conversationId, next, 1)).length === 0
    return { lines: isEnd ? [...lines, ...history.unsent(conversationId)] : lines, next, isEnd }
  }

  /** Who one is, who the others are, and their pictures. */
  async *#about(): AsyncGenerator<ExportPart> {
    const people: unknown[] = []
    for (const [place, person] of [...this.#people.values()].entries()) {
      const { photo, accountId, name, signInName, role, joinedAt, leftAt, verified } = person
      const kind = photo && pictureKind(photo)
      const file = kind ? `people/${String(place + 1).padStart(3, '0')}-${fileName(name)}.${kind}` : null
      if (file && photo) yield this.#part('writing', this.#zip.add(file, photo))
      people.push({
        ...{ accountId, name, signInName, role, joinedAt: isoTime(joinedAt), leftAt: leftAt && isoTime(leftAt) },
        ...{ verified, photo: file },
      })
    }
    yield this.#part('writing', this.#file('people.json', pretty(people)))
    const { accountId, deviceId, signInName, name, role } = this.#me
    const account = { home: this.needs.homeName(), accountId, name, signInName, role, thisDevice: deviceId }
    const more = { devices: this.needs.deviceNames(), exportedAt: isoTime(this.needs.now()) }
    yield this.#part('writing', this.#file('account.json', pretty({ ...account, ...more })))
  }

  #index(): string {
    const { words, needs } = this
    const date = new Intl.DateTimeFormat(words.language, {
      dateStyle: 'long',
      timeStyle: 'short',
      timeZone: words.timeZone,
    })
    const values = { home: needs.homeName(), date: date.format(needs.now()) }
    const faces = [...this.#people.values()].map((person) => this.#face(person.accountId))
    return renderIndex(words, { intro: { template: words.intro, values }, conversations: this.#entries, faces })
  }

  #json(
    conversation: Conversation,
    page: { title: string; page: number; lines: MessageView[]; leftOut: number },
  ): string {
    const { conversationId, kind, members, isMember } = conversation
    const about = { conversationId, kind, title: page.title, isMember }
    const named = members.map(({ accountId, isAdmin }) => ({ accountId, name: this.#name(accountId), isAdmin }))
    const messages = page.lines.map((line) => jsonLine(line, this.#name(line.senderId)))
    return pretty({ ...about, members: named, page: page.page, disappearingLeftOut: page.leftOut, messages })
  }

  #title({ kind, title, members, isFamily }: Conversation): string {
    const other = members.find(({ accountId }) => accountId !== this.#me.accountId)
    if (kind === 'direct') return other ? this.#name(other.accountId) : this.words.notes
    return title || (isFamily ? this.needs.homeName() : '') || this.words.group
  }

  #faces({ members }: Conversation): PageFace[] {
    return members.map(({ accountId }) => this.#face(accountId))
  }
  #face(accountId: AccountId): PageFace {
    const person = this.#people.get(accountId)
    const isSelf = accountId === this.#me.accountId
    const host = person?.role === 'host' && !person.leftAt ? this.words.host : ''
    const notes = [isSelf ? this.words.you : '', host, person?.leftAt ? this.words.leftHome : '']
    return { name: this.#name(accountId), photo: person?.photo ?? null, note: notes.filter(Boolean).join(', ') }
  }
  #name(accountId: AccountId): string {
    return this.#people.get(accountId)?.name || this.words.someone
  }

  #count(forms: PluralWords, count: number): string {
    const { language } = this.words
    const template = forms[new Intl.PluralRules(language).select(count)] ?? forms.other
    return fill(template, { count: new Intl.NumberFormat(language).format(count) })
  }
  #file(name: string, text: string): Uint8Array {
    return this.#zip.add(name, encoder.encode(text))
  }
  #part(stage: ExportPart['stage'], bytes: Uint8Array = new Uint8Array(0)): ExportPart {
    const states = this.#conversations.map(({ conversationId }) => this.needs.history.state(conversationId))
    const total = states.reduce((sum, state) => sum + state.total, 0)
    const held = states.reduce((sum, state) => sum + state.held, 0)
    return { bytes, stage, total, done: stage === 'fetching' ? held : Math.min(this.#done, total), isLast: false }
  }
}

type Batch = { lines: MessageView[]; next: string; isEnd: boolean }

const isoTime = (at: number) => new Date(at).toISOString()
const pretty = (value: unknown) => `${JSON.stringify(value, null, 1)}\n`

/** Letters and digits of any script, as every file system takes them. */
export function fileName(title: string): string {
  const plain = title
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
  return [...plain].slice(0, 40).join('') || 'x'
}
