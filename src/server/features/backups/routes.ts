import { Elysia } from 'elysia'
import { Refusal } from '../../../protocol/errors.ts'
import { claimTokenHeader, type RestoreOpen, restoreApply, restoreOpen } from '../../../protocol/setup.ts'
import type { Context } from '../../context.ts'
import { errorFields } from '../../log.ts'
import { addressKey } from '../../rate-limit.ts'
import { peerOf } from '../../request-info.ts'
import { swapContent } from './folder-swap.ts'
import { RestoreUploads } from './uploads.ts'

/** Long enough for the answer to leave before its connection is closed. */
const farewellMs = 250

/** A backup instead of a founder: for the bearer of the claim token, while nobody has claimed the home. */
export function restoreRoutes(context: Context) {
  const uploads = new RestoreUploads(context.config.dataFolder)
  const restore = new WizardRestore(context, uploads)
  return new Elysia()
    .derive(({ request }) => requireClaim(context, request))
    .post('/api/setup/restore', ({ request }) => uploads.receive(request.body ?? refuseEmpty()), { parse: 'none' })
    .post('/api/setup/restore/open', ({ body }) => uploads.open(body.uploadId, body.key), { body: restoreOpen })
    .post(
      '/api/setup/restore/apply',
      async ({ body, status }) => {
        await restore.apply(body)
        return status(202, {})
      },
      { body: restoreApply },
    )
}

function requireClaim({ rateLimits, claim }: Context, request: Request): Record<string, unknown> {
  rateLimits.setup.take(addressKey(peerOf(request).address))
  claim.check(request.headers.get(claimTokenHeader))
  return {}
}

function refuseEmpty(): never {
  throw new Refusal('bad_request', { detail: 'no file' })
}

class WizardRestore {
  #isUnderWay = false

  constructor(
    private readonly context: Context,
    private readonly uploads: RestoreUploads,
  ) {}

  /** Resolves when all is copied and checked; the home then closes and opens on it by itself. */
  async apply({ uploadId, key }: RestoreOpen): Promise<void> {
    const { clock, reopen } = this.context
    if (!reopen) throw new Refusal('unavailable')
    if (this.#isUnderWay) throw new Refusal('too_many', { detail: 'a restore is under way' })
    this.#isUnderWay = true
    try {
      const staging = await this.uploads.prepare(uploadId, key, clock.now())
      clock.after(farewellMs, () => this.#swap(reopen, staging))
    } catch (error) {
      this.#isUnderWay = false
      throw error
    }
  }

  #swap(reopen: NonNullable<Context['reopen']>, staging: string): void {
    const { clock, config, log } = this.context
    reopen(async () => {
      await swapContent(config.dataFolder, staging, clock.now())
      await this.uploads.clear()
    }).catch((error: unknown) => log.error('restore_failed', errorFields(error)))
  }
}
