import { app } from './de/app.ts'
import { chat, list, notices } from './de/chat.ts'
import { failures } from './de/failures.ts'
import { join } from './de/join.ts'
import { lasting } from './de/lasting.ts'
import { linking } from './de/linking.ts'
import { archive, audit, care, data } from './de/own-data.ts'
import { invites, members, newChat, people } from './de/people.ts'
import { recovery } from './de/recovery.ts'
import { safety } from './de/safety.ts'
import { settings } from './de/settings.ts'
import { restore, setup } from './de/setup.ts'
import { kit, signIn, welcome, you } from './de/welcome.ts'

/** Part names as given to words(). */
export const german = {
  app,
  archive,
  audit,
  care,
  chat,
  data,
  failures,
  invites,
  lasting,
  safety,
  linking,
  list,
  members,
  new: newChat,
  notices,
  people,
  settings,
  join,
  kit,
  recovery,
  restore,
  setup,
  signIn,
  welcome,
  you,
}
