// Stands in for the generated module while the web UI has not been built.
declare module '*/web-assets.generated.ts' {
  import type { WebBundle } from './web-assets.ts'
  export const assets: WebBundle['assets']
  export const build: string
  export const inlineScriptHash: string
}
