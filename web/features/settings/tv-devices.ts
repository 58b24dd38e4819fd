import { html, nothing, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { MonitorSmartphone, Pencil, Plus } from 'lucide'
import type { DeviceEntry } from '../../../src/client/care-api.ts'
import type { DeviceId } from '../../../src/protocol/ids.ts'
import { bridge } from '../../bridge.ts'
import { confirmFirst } from '../../confirm.ts'
import { TvElement, Use } from '../../element.ts'
import { paths } from '../../router.ts'
import { attempt, Submission } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { actionButton, iconButton, problemLine, skeletonRows, textField } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $recoveryWords } from '../../words/recovery.ts'
import { $settingsWords } from '../../words/settings.ts'
import { fullDate, relativeTime } from '../../words/time.ts'
import '../recovery/tv-remove-device.ts'

/** Where one is signed in, and the way to sign out from afar. */
@customElement('tv-devices')
export class TvDevices extends TvElement {
  @state() private devices: DeviceEntry[] | null = null
  @state() private renaming: { deviceId: DeviceId; name: string } | null = null
  @state() private removing: DeviceId | null = null
  private readonly words = new Use(this, $settingsWords)
  private readonly recoveryWords = new Use(this, $recoveryWords)
  private readonly loading = new Submission(this)
  private readonly saving = new Submission(this)

  override connectedCallback(): void {
    super.connectedCallback()
    void this.load()
  }

  override render() {
    const words = this.words.value
    if (this.loading.problem) return problemLine(this.loading.problem)
    if (!this.devices) return skeletonRows(3, $appWords.get().loading)
    const others = this.devices
      .filter(({ isThis }) => !isThis)
      .sort((a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0))
    const link = html`<a class="btn btn-primary btn-action mb-6 w-full" href=${paths.setting('link')}>${icon(Plus)}${this.recoveryWords.value.link}</a>`
    return html`${link}<h2 class="field-label">${words.thisDevice}</h2>
      <ul class="card p-2">${this.devices.filter(({ isThis }) => isThis).map((device) => this.row(device))}</ul>
      <h2 class="field-label mt-8">${words.otherDevices}</h2>
      ${others.length ? html`<ul class="card grid grid-cols-1 divide-y divide-line p-2">${others.map((device) => this.row(device))}</ul>` : html`<p class="row-text">${words.noOtherDevices}</p>`}
      ${others.some(({ isSignedIn }) => isSignedIn) ? html`<div class="mt-4"><button type="button" class="btn btn-ghost btn-action text-error" @click=${this.signOutOthers}>${this.recoveryWords.value.signOutOthers}</button></div>` : nothing}`
  }

  private row(device: DeviceEntry): TemplateResult {
    const words = this.words.value
    if (this.renaming?.deviceId === device.deviceId) return this.renameForm(this.renaming)
    if (this.removing === device.deviceId) return this.removeForm(device)
    const away = () =>
      device.lastSeenAt === null
        ? this.recoveryWords.value.signedOut
        : words.lastSeen({ when: relativeTime(device.lastSeenAt) })
    const seen = device.isThis || device.isOnline ? words.online : away()
    const start = () => {
      this.renaming = { deviceId: device.deviceId, name: device.name }
    }
    return html`<li class="flex flex-wrap items-center gap-3 p-3">
      <span class="tile">${icon(MonitorSmartphone)}</span>
      <span class="min-w-44 flex-1"><span class="row-title block truncate" dir="auto">${device.name}</span><span class="row-text block">${seen} · ${words.addedOn({ date: fullDate(device.createdAt) })}</span></span>
      ${iconButton(Pencil, `${words.renameDevice}: ${device.name}`, start)}
      ${device.isThis ? nothing : this.ends(device)}
    </li>`
  }

  private ends(device: DeviceEntry): TemplateResult {
    const words = this.words.value
    const { remove } = this.recoveryWords.value
    const start = () => {
      this.removing = device.deviceId
    }
    const button = (text: string, press: () => void) =>
      html`<button type="button" class="btn btn-ghost h-11 rounded-full text-error" aria-label="${text}: ${device.name}" @click=${press}>${text}</button>`
    return html`<span class="flex flex-wrap">${device.isSignedIn ? button(words.signOutDevice, () => void this.signOut(device)) : nothing}${button(remove, start)}</span>`
  }

  private removeForm(device: DeviceEntry): TemplateResult {
    const close = () => {
      this.removing = null
    }
    const done = () => {
      close()
      void this.load()
    }
    return html`<li><tv-remove-device .device=${device} @done=${done} @cancel=${close}></tv-remove-device></li>`
  }

  private readonly signOutOthers = async () => {
    const words = this.recoveryWords.value
    const { signOutOthersTitle: title, signOutOthersText: text, signOutOthers: action } = words
    if (!(await confirmFirst({ title, text, action, isDangerous: true }))) return
    if (await attempt(() => bridge.call.signOutOthers(), words.signedOutOthers)) await this.load()
  }

  private renameForm({ deviceId, name }: { deviceId: DeviceId; name: string }): TemplateResult {
    const words = this.words.value
    const change = (value: string) => {
      this.renaming = { deviceId, name: value }
    }
    const cancel = () => {
      this.renaming = null
    }
    return html`<li class="p-3"><form @submit=${this.rename}>${textField({ id: 'device-name', label: words.deviceName, value: name, maxLength: 64, isRequired: true, change })}
      <div class="mt-3 flex gap-2">${actionButton({ text: $appWords.get().save, isBusy: this.saving.isBusy, isDisabled: !name.trim() })}<button type="button" class="btn btn-ghost btn-action" @click=${cancel}>${$appWords.get().cancel}</button></div>${problemLine(this.saving.problem)}</form></li>`
  }

  private async load(): Promise<void> {
    const outcome = await this.loading.run(() => bridge.call.listDevices())
    if (!outcome.isDone) return
    this.devices = outcome.value.map((device) => ({ ...device, name: device.name || this.recoveryWords.value.unnamed }))
  }

  private readonly rename = async (event: Event) => {
    event.preventDefault()
    const { deviceId, name } = this.renaming!
    const outcome = await this.saving.run(() => bridge.call.renameDevice(deviceId, name.trim()))
    if (!outcome.isDone) return
    this.renaming = null
    await this.load()
  }

  private async signOut({ deviceId, name }: DeviceEntry): Promise<void> {
    const words = this.words.value
    const question = {
      title: words.signOutDeviceTitle({ name }),
      text: words.signOutDeviceText,
      action: words.signOutDevice,
      isDangerous: true,
    }
    if (!(await confirmFirst(question))) return
    if (await attempt(() => bridge.call.signOutDevice(deviceId), words.signedOutDevice)) await this.load()
  }
}
