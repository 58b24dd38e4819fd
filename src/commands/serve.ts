import { openDataFolder } from '../server/data-folder.ts'
import { listen } from '../server/listen.ts'
import { configFromFlags } from './flags.ts'
import { openBrowser } from './open-browser.ts'
import { openHome } from './open-home.ts'
import { listAddresses, printWelcome, withClaim } from './welcome.ts'

export async function run(args: string[]): Promise<number> {
  const config = configFromFlags(args)
  const stopped = waitForStop()
  using _folder = await openDataFolder(config.dataFolder)
  await using home = await openHome(config)
  await using listening = await listen(home.app, config)
  printWelcome(config, listening, home.claimToken)
  if (config.opensBrowser && home.claimToken !== null)
    openBrowser(withClaim(listAddresses(config, listening).here, home.claimToken))
  await stopped
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
