import { claimTokenHeader, type SetupView } from '../../../protocol/setup.ts'
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../../../protocol/version.ts'
import { requireHost } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { addressKey } from '../../rate-limit.ts'
import { peerOf } from '../../request-info.ts'

export function viewSetup({ claim }: Context): SetupView {
  return { isClaimed: claim.isClaimed, version: PRODUCT_VERSION, protocolVersion: PROTOCOL_VERSION }
}

/** Before there is a host, who holds the claim token; afterwards the host. */
export async function requireFounder(context: Context, request: Request): Promise<void> {
  context.rateLimits.setup.take(addressKey(peerOf(request).address))
  const offered = request.headers.get(claimTokenHeader)
  if (!context.claim.isClaimed || offered !== null) context.claim.check(offered)
  else await requireHost(context, request)
}
