import type { ExportWords } from '../../src/client/api.ts'
import type { Member } from './member.ts'

export const exportWords: ExportWords = {
  ...{ language: 'en', direction: 'ltr', timeZone: 'Europe/Berlin', title: 'Your messages' },
  intro: 'From {home}, {date}.',
  ...{ conversations: 'Conversations', people: 'People', you: 'you', someone: 'Someone', group: 'Group' },
  ...{
    notes: 'Notes to self',
    host: 'host',
    leftHome: 'left the home',
    messages: { one: '{count} message', other: '{count} messages' },
  },
  ...{ page: 'Page {page}', previous: 'Before', next: 'After', back: 'All conversations' },
  ...{ empty: 'Nothing was said', unsent: 'not sent', waiting: 'not here yet', unreadable: 'cannot be read' },
  disappearing: { one: '{count} short-lived message was left out', other: '{count} short-lived ones were left out' },
  notices: {
    ...{ created: '{actor} created the group', added: '{actor} added {subject}', removed: '{actor} removed {subject}' },
    ...{ made_admin: '{actor} made {subject} an admin', made_member: '{subject} is no admin', left: '{actor} left' },
    ...{ renamed: '{actor} named it {name}', photo_changed: '{actor} changed the photo' },
    ...{ timer_changed: '{actor}: {time}', timer_off: '{actor}: off' },
    ...{ history_shared: '{actor}: shared', history_none: '{actor}: not shared', restored: 'Restored {date}' },
  },
}

export type Taken = { files: Map<string, string>; bytes: Uint8Array; stages: string[]; largestPart: number }

/** Everything a member's device exports, read as an archive. */
export async function takeAll(member: Member): Promise<Taken> {
  await member.client.startExport(exportWords)
  const parts: Uint8Array[] = []
  const stages: string[] = []
  for (let isLast = false; !isLast; ) {
    const part = await member.client.nextExportPart()
    parts.push(part.bytes)
    if (stages.at(-1) !== part.stage) stages.push(part.stage)
    if (part.done > part.total) throw new Error('more than everything')
    isLast = part.isLast
  }
  const bytes = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer())
  const largestPart = Math.max(...parts.map((part) => part.length))
  return { files: readZip(bytes), bytes, stages, largestPart }
}

/** The files of an archive of stored files, found as every reader finds them: from the end. Checks what it reads. */
export function readZip(bytes: Uint8Array): Map<string, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = bytes.length - 22
  if (view.getUint32(end, true) !== 0x06054b50) throw new Error('no end')
  const files = new Map<string, string>()
  let at = view.getUint32(end + 16, true)
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== 0x02014b50) throw new Error('no entry')
    const [sum, size] = [view.getUint32(at + 16, true), view.getUint32(at + 24, true)]
    const [nameLength, place] = [view.getUint16(at + 28, true), view.getUint32(at + 42, true)]
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength))
    const localName = new TextDecoder().decode(
      bytes.subarray(place + 30, place + 30 + view.getUint16(place + 26, true)),
    )
    const content = bytes.subarray(place + 30 + nameLength, place + 30 + nameLength + size)
    const isRight = view.getUint32(place, true) === 0x04034b50 && localName === name && Bun.hash.crc32(content) === sum
    if (!isRight || files.has(name)) throw new Error(`the file ${name} is broken`)
    files.set(name, new TextDecoder().decode(content))
    at += 46 + nameLength
  }
  if (at !== end) throw new Error('something is between')
  return files
}
