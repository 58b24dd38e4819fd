import { createHash, X509Certificate } from 'node:crypto'

export const certificatePath = '/trallivalli-ca.crt'
export const profilePath = '/trallivalli-ca.mobileconfig'

/** Answers the two files by which a device learns to trust this home; null for any other path. */
export function serveDownloads(authority: string): (pathname: string) => Response | null {
  const der = new X509Certificate(authority).raw
  const profile = renderProfile(der)
  return (pathname) => {
    if (pathname === certificatePath)
      return download(new Uint8Array(der), 'application/x-x509-ca-cert', 'trallivalli-ca.crt')
    if (pathname === profilePath)
      return download(profile, 'application/x-apple-aspen-config', 'trallivalli-ca.mobileconfig')
    return null
  }
}

function download(body: string | Uint8Array<ArrayBuffer>, type: string, name: string): Response {
  const headers = {
    'Content-Type': type,
    'Content-Disposition': `attachment; filename="${name}"`,
    'Cache-Control': 'no-store',
  }
  return new Response(body, { headers })
}

// Apple's configuration profile. Its identifiers come from the certificate, so installing it twice replaces it.
function renderProfile(der: Buffer): string {
  const base64 = der
    .toString('base64')
    .match(/.{1,52}/g)!
    .join('\n')
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadCertificateFileName</key><string>trallivalli-ca.crt</string>
      <key>PayloadContent</key><data>
${base64}
</data>
      <key>PayloadDisplayName</key><string>TralliValli</string>
      <key>PayloadIdentifier</key><string>app.trallivalli.ca.certificate</string>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadUUID</key><string>${uuid(der, 'certificate')}</string>
      <key>PayloadVersion</key><integer>1</integer>
    </dict>
  </array>
  <key>PayloadDescription</key><string>Lets this device trust your family's own TralliValli at home.</string>
  <key>PayloadDisplayName</key><string>TralliValli</string>
  <key>PayloadIdentifier</key><string>app.trallivalli.ca</string>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadUUID</key><string>${uuid(der, 'profile')}</string>
  <key>PayloadVersion</key><integer>1</integer>
</dict>
</plist>
`
}

function uuid(der: Buffer, purpose: string): string {
  const hex = createHash('sha256').update(purpose).update(der).digest('hex')
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16)
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ]
  return parts.join('-').toUpperCase()
}
