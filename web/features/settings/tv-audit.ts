import { html, nothing, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { ArchiveRestore, Crown, LogOut, MonitorSmartphone, MonitorX, Ticket, UserPlus, UserX } from 'lucide'
import type { AuditView } from '../../../src/client/own-data-api.ts'
import { auditSentence } from '../../audit-sentence.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { $me, $people } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { type IconShapes, icon } from '../../ui/icon.ts'
import { actionButton, problemLine, skeletonRows } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $auditWords } from '../../words/own-data.ts'
import { clockTime, dayKey, dayName } from '../../words/time.ts'

const shapes: Record<AuditView['event'], IconShapes> = {
  account_opened: UserPlus,
  account_left: LogOut,
  account_removed: UserX,
  began_anew: UserPlus,
  role_changed: Crown,
  invite_made: Ticket,
  invite_used: Ticket,
  invite_revoked: Ticket,
  device_added: MonitorSmartphone,
  device_revoked: MonitorX,
  restored: ArchiveRestore,
  healing_ended: ArchiveRestore,
}

/** What the home wrote down, day by day, for hosts. */
@customElement('tv-audit')
export class TvAudit extends TvElement {
  @state() private lines: AuditView[] | null = null
  @state() private hasMore = false
  private readonly me = new Use(this, $me)
  private readonly words = new Use(this, $auditWords)
  private readonly loading = new Submission(this)

  constructor() {
    super()
    new Use(this, $people)
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.load()
  }

  override render() {
    const words = this.words.value
    if (this.me.value?.role === 'member') return html`<p class="row-text">${words.hostOnly}</p>`
    if (!this.lines)
      return this.loading.problem ? problemLine(this.loading.problem) : skeletonRows(6, $appWords.get().loading)
    const more = () =>
      actionButton({ text: words.older, isBusy: this.loading.isBusy, classes: 'btn-secondary', press: this.load })
    return html`<p class="text-sm text-pretty text-muted">${words.intro}</p>
      ${this.lines.length ? this.days(this.lines) : html`<p class="mt-6">${words.empty}</p>`}
      ${this.hasMore ? html`<div class="mt-5">${more()}</div>` : nothing}${problemLine(this.loading.problem)}`
  }

  private days(lines: readonly AuditView[]): TemplateResult[] {
    const days = new Map<number, AuditView[]>()
    for (const line of lines) days.set(dayKey(line.at), [...(days.get(dayKey(line.at)) ?? []), line])
    return [...days.values()].map(
      (ofDay) =>
        html`<h2 class="field-label mt-7">${dayName(ofDay[0]!.at)}</h2><ol class="card grid grid-cols-1 divide-y divide-line px-4">${ofDay.map(row)}</ol>`,
    )
  }

  private readonly load = async () => {
    const before = this.lines?.at(-1)?.auditId ?? null
    const outcome = await this.loading.run(() => bridge.call.listAudit(before))
    if (!outcome.isDone) return
    this.lines = [...(this.lines ?? []), ...outcome.value.entries]
    this.hasMore = outcome.value.hasMore
  }
}

function row(line: AuditView): TemplateResult {
  const time = new Date(line.at).toISOString()
  return html`<li class="flex items-center gap-3 py-3"><span class="tile size-9! rounded-xl!">${icon(shapes[line.event] ?? Ticket, 'text-base')}</span><span class="min-w-0 flex-1 text-sm leading-5">${auditSentence(line)}</span><time class="flex-none text-xs text-muted tabular-nums" datetime=${time}>${clockTime(line.at)}</time></li>`
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-audit': TvAudit
  }
}
