/** Opens the page where there is somebody to see it; says nothing where there is not, for the link is printed anyway. */
export function openBrowser(url: string): void {
  const command = browserCommand()
  if (!command) return
  try {
    Bun.spawn([...command, url], { stdio: ['ignore', 'ignore', 'ignore'] }).unref()
  } catch (error) {
    console.warn(`The browser could not be opened (${(error as Error).message}): open the link by hand.`)
  }
}

function browserCommand(): string[] | null {
  if (!process.stdout.isTTY || process.env['SSH_CONNECTION']) return null
  if (process.platform === 'darwin') return ['open']
  if (process.platform === 'win32') return ['cmd', '/c', 'start', '']
  const hasScreen = Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY'])
  return hasScreen && Bun.which('xdg-open') ? ['xdg-open'] : null
}
