/** The link as the family must open it: the setup itself may run under an address that only this computer has. */
export function linkUnder(link: string, origin: string): string {
  if (!origin) return link
  const { pathname, hash } = new URL(link)
  return new URL(origin).origin + pathname + hash
}
