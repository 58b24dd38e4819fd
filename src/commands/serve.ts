import { openDataFolder } from '../server/data-folder.ts'
import { configFromFlags } from './flags.ts'
import { openBrowser } from './open-browser.ts'
import { RunningHome } from './running-home.ts'
import { listAddresses, printWelcome, withClaim } from './welcome.ts'

export async function run(args: string[]): Promise<number> {
  const config = configFromFlags(args)
  const stopped = waitForStop()
  using _folder = await openDataFolder(config.dataFolder)
  await using home = await RunningHome.open(config)
  const { listening, claimToken } = home
  printWelcome(config, listening, claimToken)
  if (config.opensBrowser && claimToken !== null)
    openBrowser(withClaim(listAddresses(config, listening).here, claimToken))
  await Promise.race([stopped, home.failed])
  return 0
}

// Asked once it stops in order; asked twice it stops at once.
function waitForStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130))
        resolve()
      })
    }
  })
}
