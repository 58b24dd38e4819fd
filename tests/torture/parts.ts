import { crash } from './crash.ts'
import { powerCut } from './power-cut.ts'
import type { Part } from './report.ts'

export const parts: readonly Part[] = [crash, powerCut]
