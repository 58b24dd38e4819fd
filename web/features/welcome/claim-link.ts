/** The claim token in a pasted setup link, or pasted alone; null when there is none in it. */
export function readClaimToken(text: string): string | null {
  const trimmed = text.trim()
  const token = trimmed.slice(trimmed.lastIndexOf('#') + 1)
  return /^[\w-]{16,128}$/.test(token) ? token : null
}

/** The token in the page's own address. It never reaches the server with it: a fragment stays in the browser. */
export function claimTokenInAddress(): string | null {
  return location.hash.length > 1 ? readClaimToken(location.hash) : null
}

export function putTokenInAddress(token: string): void {
  history.replaceState(null, '', `/setup#${token}`)
}
