import type { Notice } from '../src/client/api.ts'
import { isMe, nameOf } from './faces.ts'
import { $noticeWords } from './words/chat.ts'
import { $lastingWords, durationName } from './words/lasting.ts'
import { fullDate } from './words/time.ts'

/** A notice as a sentence, with "you" where it is about oneself. */
export function noticeText(notice: Notice): string {
  const words = $noticeWords.get()
  if (notice.kind === 'restored') return words.restored({ date: fullDate(notice.from) })
  const isByMe = isMe(notice.actorId)
  const actor = nameOf(notice.actorId)
  switch (notice.kind) {
    case 'created':
      return isByMe ? words.youCreated : words.created({ actor })
    case 'left':
      return isByMe ? words.youLeft : words.left({ actor })
    case 'renamed':
      return isByMe ? words.youRenamed({ name: notice.name }) : words.renamed({ actor, name: notice.name })
    case 'photo_changed':
      return isByMe ? words.youPhoto_changed : words.photo_changed({ actor })
    case 'timer_changed':
      return timerText(notice.seconds, actor, isByMe)
    case 'history_policy':
      return historyText(notice.policy, actor, isByMe)
    default:
      return aboutSomebody(notice, actor, isByMe)
  }
}

function timerText(seconds: number, actor: string, isByMe: boolean): string {
  const words = $lastingWords.get()
  if (seconds === 0) return isByMe ? words.youStopped : words.stopped({ actor })
  const duration = durationName(seconds)
  return isByMe ? words.youChanged({ duration }) : words.changed({ actor, duration })
}

function historyText(policy: 'none' | 'share', actor: string, isByMe: boolean): string {
  const words = $lastingWords.get()
  if (policy === 'share') return isByMe ? words.youShared : words.shared({ actor })
  return isByMe ? words.youUnshared : words.unshared({ actor })
}

type AboutSomebody = Extract<Notice, { subjectId: unknown }>

function aboutSomebody(notice: AboutSomebody, actor: string, isByMe: boolean): string {
  const words = $noticeWords.get()
  const subject = nameOf(notice.subjectId)
  if (isMe(notice.subjectId)) {
    if (notice.kind === 'made_member') return words.made_memberYou
    const toMe = { added: words.addedYou, removed: words.removedYou, made_admin: words.made_adminYou }
    return toMe[notice.kind]({ actor })
  }
  const byMe = {
    added: words.youAdded,
    removed: words.youRemoved,
    made_admin: words.youMade_admin,
    made_member: words.youMade_member,
  }
  if (isByMe || notice.kind === 'made_member') return byMe[notice.kind]({ subject })
  return words[notice.kind]({ actor, subject })
}
