import { createClient } from '../src/client/client.ts'
import type { Port } from './bridge.ts'
import { createBrowserPlatform } from './browser.ts'
import { joinTabs } from './relay.ts'

/** The first message of a page: a worker cannot know by itself what the build called the other one. */
export type WorkerStart = { kind: 'start'; argon2Url: string }

const page = self as unknown as Port

page.onmessage = ({ data }: MessageEvent<WorkerStart>) => {
  joinTabs(page, () => createClient(createBrowserPlatform(data.argon2Url))).catch(reportError)
}
