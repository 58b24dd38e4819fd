import { html, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { ArchiveRestore, ArrowRight, CircleCheckBig, FileUp, KeyRound, Unplug } from 'lucide'
import { ClientFailure } from '../../../src/client/api.ts'
import type { RestoreSummary, RestoreUpload, SetupView } from '../../../src/protocol/setup.ts'
import { bridge } from '../../bridge.ts'
import { Use } from '../../element.ts'
import { Submission } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { actionButton, problemLine, textField } from '../../ui/parts.ts'
import { $restoreWords } from '../../words/setup.ts'
import { fileSize } from '../../words/size.ts'
import { dateAndTime } from '../../words/time.ts'
import { quietButton, waitingPage, welcomePage } from './frame.ts'
import { uploadBackup } from './upload-backup.ts'
import { WelcomeScreen } from './welcome-screen.ts'

const askAgainMs = 1_000
type Sending = { name: string; done: number; total: number; cancel: AbortController }

/** Brings a home back from its backup. The key stays in this element's memory. */
@customElement('tv-restore')
export class TvRestore extends WelcomeScreen {
  @property() token = ''
  @state() private sending: Sending | null = null
  @state() private upload: RestoreUpload | null = null
  @state() private summary: RestoreSummary | null = null
  @state() private key = ''
  @state() private keyProblem: string | null = null
  @state() private isApplying = false
  @state() private isBack = false
  @state() private isDraggedOver = false
  private readonly submission = new Submission(this)
  private readonly words = new Use(this, $restoreWords)
  private timer: ReturnType<typeof setTimeout> | undefined

  protected get screen(): string {
    if (this.isBack) return 'back'
    if (this.isApplying) return 'applying'
    if (this.summary) return 'summary'
    return this.upload ? 'key' : this.sending ? 'sending' : 'file'
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.timer)
    this.sending?.cancel.abort()
  }

  override render() {
    const words = this.words.value
    if (this.isBack) return this.back()
    if (this.isApplying)
      return html`${waitingPage(words.applyingTitle, `${words.applyingText} ${words.applyingLong}`, null)}`
    if (this.summary) return this.summaryPage(this.summary)
    return this.upload ? this.keyPage(this.upload) : this.sending ? this.sendingPage(this.sending) : this.filePage()
  }

  private filePage(): TemplateResult {
    const words = this.words.value
    const body = html`<label class="mt-7 grid place-items-center gap-1 rounded-2xl border-2 border-dashed px-6 py-10 text-center transition-colors focus-within:outline-2 focus-within:outline-(--tv-focus) hover:bg-hover ${this.isDraggedOver ? 'border-primary bg-active' : 'border-control'}" @dragover=${this.dragOver} @dragleave=${() => {
      this.isDraggedOver = false
    }} @drop=${this.drop}>
        <input type="file" class="sr-only" @change=${this.chosen} />${icon(FileUp, 'mb-2 text-3xl text-primary')}
        <span class="text-base font-semibold">${words.fileChoose}</span><span class="text-sm text-muted max-lg:hidden">${words.fileDrop}</span></label>${problemLine(this.submission.problem)}`
    return welcomePage({ shapes: ArchiveRestore, title: words.fileTitle, text: words.fileText, body })
  }

  private sendingPage({ name, done, total, cancel }: Sending): TemplateResult {
    const words = this.words.value
    const title = words.uploading({ name })
    const share = total ? done / total : 0
    const body = html`<div class="mt-7 h-2 overflow-hidden rounded-full bg-base-300" role="progressbar" aria-label=${title} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(share * 100)}><i class="block h-full rounded-full bg-primary transition-[width]" .style=${`width:${share * 100}%`}></i></div>
      <p class="mt-2 text-sm text-muted tabular-nums"><bdi>${words.uploaded({ done: fileSize(done), total: fileSize(total) })}</bdi></p>`
    return welcomePage({ shapes: FileUp, title, body, actions: quietButton(words.cancel, () => cancel.abort()) })
  }

  private keyPage({ createdAt, bytes, keyKind }: RestoreUpload): TemplateResult {
    const words = this.words.value
    const isPhrase = keyKind === 'passphrase'
    const field = textField({
      id: 'backup-key',
      label: isPhrase ? words.keyPassphrase : words.keyRecipient,
      value: this.key,
      hint: isPhrase ? words.keyPassphraseHint : words.keyRecipientHint,
      maxLength: 1024,
      problem: this.keyProblem ?? this.submission.problem,
      change: this.typed,
    })
    const actions = html`${actionButton({ text: this.submission.isBusy ? words.keyChecking : words.keyCheck, isBusy: this.submission.isBusy, classes: 'btn-primary w-full' })}${quietButton(words.otherFile, this.startOver)}`
    return welcomePage({
      shapes: KeyRound,
      title: words.keyTitle,
      text: words.keyText({ date: dateAndTime(createdAt), size: fileSize(bytes) }),
      body: html`<div class="mt-7">${field}</div>`,
      actions,
      submit: () => void this.openBackup(),
    })
  }

  private summaryPage(summary: RestoreSummary): TemplateResult {
    const words = this.words.value
    const {
      homeName: home,
      createdAt,
      version,
      verdict,
      accountCount,
      messageCount,
      blobBytes,
      databaseBytes,
    } = summary
    const facts = [
      [words.made, dateAndTime(createdAt)],
      [words.version, words[verdict]({ version })],
      [words.people, accountCount.toLocaleString()],
      [words.messages, messageCount.toLocaleString()],
      [words.size, words.sizes({ messages: fileSize(databaseBytes), files: fileSize(blobBytes) })],
    ]
    const body = html`<dl class="welcome-facts mt-6 rounded-2xl border border-line p-4">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      <h2 class="mt-6 text-base font-semibold">${words.notBack}</h2>
      <ul class="mt-2 grid grid-cols-1 gap-1.5 text-[.9375rem] leading-5.5 text-muted">${[words.notBackLater, words.notBackDevices, words.notBackInvites].map((text) => html`<li class="flex gap-2.5">${icon(Unplug, 'mt-0.5 size-4.5')}<span>${text}</span></li>`)}</ul>${problemLine(this.submission.problem)}`
    const actions = html`${actionButton({ text: words.apply, isBusy: this.submission.isBusy, classes: 'btn-primary w-full', press: () => void this.apply() })}${quietButton(words.otherFile, this.startOver)}`
    return welcomePage({
      shapes: ArchiveRestore,
      title: words.summaryTitle({ home }),
      text: words.summaryText,
      body,
      actions,
    })
  }

  private back(): TemplateResult {
    const words = this.words.value
    const actions = html`<button type="button" class="btn btn-primary btn-action w-full" @click=${() => this.tell('done')}>${words.doneGo} ${icon(ArrowRight, 'text-lg rtl:rotate-180')}</button>`
    return welcomePage({ shapes: CircleCheckBig, title: words.doneTitle, text: words.doneText, actions })
  }

  private readonly typed = (key: string) => {
    this.key = key
    this.keyProblem = null
    this.submission.problem = null
  }

  private readonly startOver = () => {
    this.upload = null
    this.summary = null
    this.key = ''
    this.submission.problem = null
  }

  private readonly dragOver = (event: DragEvent) => {
    event.preventDefault()
    this.isDraggedOver = true
  }

  private readonly drop = (event: DragEvent) => {
    event.preventDefault()
    this.isDraggedOver = false
    const file = event.dataTransfer?.files[0]
    if (file) void this.send(file)
  }

  private readonly chosen = (event: Event) => {
    const file = (event.target as HTMLInputElement).files?.[0]
    if (file) void this.send(file)
  }

  private async send(file: File): Promise<void> {
    const cancel = new AbortController()
    this.sending = { name: file.name, done: 0, total: file.size, cancel }
    const progress = (done: number) => {
      if (this.sending) this.sending = { ...this.sending, done }
    }
    const outcome = await this.submission.run(() =>
      uploadBackup({ file, claimToken: this.token, progress, signal: cancel.signal }).catch((cause: unknown) => {
        if (cancel.signal.aborted) return null
        throw cause
      }),
    )
    this.sending = null
    if (outcome.isDone) this.upload = outcome.value
  }

  private async openBackup(): Promise<void> {
    const key = this.key.trim()
    if (!key) this.keyProblem = this.words.value.keyMissing
    if (!key) return this.focusField('backup-key')
    const { uploadId } = this.upload!
    const outcome = await this.submission.run(() =>
      bridge.call.restoreOpen(this.token, uploadId, key).catch((cause: unknown) => {
        if (cause instanceof ClientFailure && cause.code === 'not_found') this.keyProblem = this.words.value.keyGone
        throw cause
      }),
    )
    if (outcome.isDone) this.summary = outcome.value
    else await this.focusField('backup-key')
  }

  private async apply(): Promise<void> {
    const { uploadId } = this.upload!
    const outcome = await this.submission.run(() => bridge.call.restoreApply(this.token, uploadId, this.key.trim()))
    if (!outcome.isDone) return
    this.key = ''
    this.isApplying = true
    this.tell('applying')
    await this.waitForHome()
  }

  // While the home changes over to the restored data it may not answer at all: that is no failure yet.
  private async waitForHome(): Promise<void> {
    const view = await fetch('/api/setup', { cache: 'no-store' })
      .then((answer) => (answer.ok ? (answer.json() as Promise<SetupView>) : null))
      .catch(() => null)
    if (!this.isConnected) return
    this.isBack = view?.isClaimed ?? false
    if (!this.isBack) this.timer = setTimeout(() => void this.waitForHome(), askAgainMs)
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-restore': TvRestore
  }
}
