import { PRODUCT_VERSION } from '../protocol/version.ts'

export async function run(): Promise<number> {
  console.log(`trallivalli ${PRODUCT_VERSION}`)
  return 0
}
