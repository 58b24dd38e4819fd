import type { ExportPart, OwnDataApi } from '../../../../src/client/own-data-api.ts'

const pieces = ['one', 'two', 'three'].map((text) => new TextEncoder().encode(text))

/** Hands out an archive of three pieces; how many were asked for since it was begun is in `asked`. */
export function demoArchive() {
  let asked = 0
  const commands: Pick<OwnDataApi, 'startExport' | 'nextExportPart'> = {
    startExport: async () => {
      asked = 0
    },
    nextExportPart: async (): Promise<ExportPart> => {
      await new Promise((resolve) => setTimeout(resolve, 150))
      const bytes = pieces[asked++]!
      return {
        bytes,
        stage: asked < 2 ? 'fetching' : 'writing',
        done: asked,
        total: 3,
        isLast: asked === pieces.length,
      }
    },
  }
  return commands
}
