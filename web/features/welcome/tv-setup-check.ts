import { html, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import {
  ArrowRight,
  Check,
  Clock3,
  Cpu,
  DoorOpen,
  FolderCheck,
  HardDrive,
  PackageOpen,
  Stethoscope,
  TriangleAlert,
  X,
} from 'lucide'
import type { CheckResult } from '../../../src/protocol/setup.ts'
import { bridge } from '../../bridge.ts'
import { Use } from '../../element.ts'
import { Submission } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { problemLine } from '../../ui/parts.ts'
import { $setupWords } from '../../words/setup.ts'
import { fileSize } from '../../words/size.ts'
import { $welcomeWords } from '../../words/welcome.ts'
import { quietButton, welcomePage } from './frame.ts'
import { WelcomeScreen } from './welcome-screen.ts'

const drawings = {
  folder_writable: FolderCheck,
  free_space: PackageOpen,
  local_disk: HardDrive,
  clock: Clock3,
  memory: Cpu,
  port: DoorOpen,
} satisfies Record<CheckResult['name'], unknown>
const marks = { ok: Check, warning: TriangleAlert, failed: X } as const
const colours = {
  ok: 'bg-success text-success-content',
  warning: 'bg-accent text-accent-content',
  failed: 'bg-error text-error-content',
} as const

/** Looks at the computer once, by itself. Tells `done`. */
@customElement('tv-setup-check')
export class TvSetupCheck extends WelcomeScreen {
  @property() token = ''
  @state() private results: CheckResult[] | null = null
  private readonly submission = new Submission(this)
  private readonly words = new Use(this, $setupWords)

  protected get screen(): string {
    return 'check'
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.look()
  }

  override render() {
    const words = this.words.value
    const { results } = this
    const hasFailed = results?.some(({ status }) => status === 'failed') ?? false
    const isAllWell = results?.every(({ status }) => status === 'ok') ?? false
    const said = !results
      ? words.checkBusy
      : hasFailed
        ? words.checkFailed
        : isAllWell
          ? words.checkGood
          : words.checkWarned
    const body = html`<ul class="mt-6 grid gap-1.5" aria-busy=${results ? 'false' : 'true'}>${results ? results.map((result) => this.row(result)) : Object.keys(drawings).map(skeleton)}</ul>
      <p class="mt-4 text-[.9375rem] font-medium" role="status">${this.submission.problem ? '' : said}</p>${problemLine(this.submission.problem)}`
    const next = html`<button type="button" class="btn btn-primary btn-action w-full" ?disabled=${!results || hasFailed} @click=${() => this.tell('done')}>${$welcomeWords.get().go} ${icon(ArrowRight, 'text-lg rtl:rotate-180')}</button>`
    const actions = html`${next}${results && !isAllWell ? quietButton(words.checkAgain, () => void this.look()) : ''}${this.submission.problem ? quietButton($welcomeWords.get().tryAgain, () => void this.look()) : ''}`
    return welcomePage({ shapes: Stethoscope, title: words.checkTitle, text: words.checkText, body, actions })
  }

  private row({ name, status, value }: CheckResult): TemplateResult {
    const words = this.words.value
    const said = status === 'ok' ? words[`good_${name}`] : words[`remedy_${name}`]
    const text = typeof said === 'string' ? said : said({ size: fileSize(value ?? 0) })
    return html`<li class="pop-in flex items-center gap-3.5 py-1.5"><span class="tile ${status === 'ok' ? '' : 'quiet'}">${icon(drawings[name])}</span><span class="min-w-0 flex-1"><b class="row-title block">${words[`check_${name}`]}</b><span class="row-text block">${text}</span></span><span class="grid size-6 flex-none place-items-center rounded-full ${colours[status]}">${icon(marks[status], 'size-3.5 stroke-3')}<span class="sr-only">${words[status]}</span></span></li>`
  }

  private async look(): Promise<void> {
    this.results = null
    const outcome = await this.submission.run(() => bridge.call.setupCheck(this.token))
    if (outcome.isDone) this.results = outcome.value
  }
}

const skeleton = () =>
  html`<li class="flex items-center gap-3.5 py-1.5" aria-hidden="true"><span class="skeleton size-10 flex-none rounded-xl"></span><span class="grid flex-1 gap-2"><span class="skeleton h-3.5 w-1/3"></span><span class="skeleton h-3 w-2/3"></span></span></li>`

declare global {
  interface HTMLElementTagNameMap {
    'tv-setup-check': TvSetupCheck
  }
}
