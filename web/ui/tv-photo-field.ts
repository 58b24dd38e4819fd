import { html, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { Camera, Trash2 } from 'lucide'
import { TvElement } from '../element.ts'
import { avatar } from './avatar.ts'
import { icon } from './icon.ts'
import { type Crop, clampCrop, drawCrop, encodePhoto } from './photo.ts'

export type PhotoWords = {
  choose: string
  change: string
  remove: string
  crop: string
  zoom: string
  use: string
  move: string
  broken: string
  cancel: string
}

/** Shows, chooses, crops and removes a small round photo. Tells `photo` events with the bytes, or null when removed. */
@customElement('tv-photo-field')
export class TvPhotoField extends TvElement {
  @property({ attribute: false }) photo: Uint8Array | null = null
  @property({ attribute: false }) words!: PhotoWords
  @property() faceId = ''
  @property({ attribute: false }) hue: number | undefined
  @property() name = ''
  @property({ type: Number }) maxBytes = 12_288
  @state() private picture: ImageBitmap | null = null
  @state() private crop: Crop = { x: 0, y: 0, zoom: 1 }
  @state() private isBroken = false
  @query('dialog') private dialog!: HTMLDialogElement
  @query('canvas') private canvas!: HTMLCanvasElement
  @query('input[type=file]') private file!: HTMLInputElement

  override render() {
    const { words } = this
    return html`<div class="flex items-center gap-5">
        ${avatar({ id: this.faceId, hue: this.hue, name: this.name || '?', photo: this.photo }, 'xl')}
        <div class="flex flex-wrap gap-2">
          <button type="button" class="btn btn-secondary h-11 rounded-full" @click=${() => this.file.click()}>${icon(Camera)}${this.photo ? words.change : words.choose}</button>
          ${this.photo ? html`<button type="button" class="icon-button size-11" aria-label=${words.remove} title=${words.remove} @click=${() => this.tell(null)}>${icon(Trash2)}</button>` : nothing}
        </div>
        <input type="file" accept="image/*" class="hidden" aria-label=${words.choose} @change=${this.open} />
      </div>
      ${this.isBroken ? html`<p class="field-problem" role="alert">${words.broken}</p>` : nothing}
      <dialog class="dialog" aria-labelledby="crop-title" @close=${() => this.closed()}>${this.picture ? this.cropper() : nothing}</dialog>`
  }

  private cropper() {
    const { words } = this
    return html`<h2 id="crop-title" class="text-lg font-semibold">${words.crop}</h2>
      <canvas width="512" height="512" tabindex="0" role="img" aria-label=${words.move} class="mx-auto mt-4 block aspect-square w-full max-w-72 cursor-grab touch-none rounded-full bg-base-300 active:cursor-grabbing" @pointerdown=${this.grab} @pointermove=${this.drag} @keydown=${this.nudge} @wheel=${this.wheel}></canvas>
      <label class="mt-5 flex items-center gap-3 text-sm font-medium">${words.zoom}<input type="range" class="range range-primary range-sm flex-1" min="1" max="4" step="0.05" .value=${String(this.crop.zoom)} @input=${(event: Event) => this.zoomTo(Number((event.target as HTMLInputElement).value))} /></label>
      <div class="mt-6 flex justify-end gap-2"><button type="button" class="btn btn-ghost h-11 rounded-full" @click=${() => this.dialog.close()}>${words.cancel}</button><button type="button" class="btn btn-primary h-11 rounded-full" @click=${this.use}>${words.use}</button></div>`
  }

  protected override updated(): void {
    if (!this.picture) return
    if (!this.dialog.open) this.dialog.showModal()
    drawCrop(this.canvas, this.picture, this.crop)
  }

  private readonly open = async () => {
    const file = this.file.files?.[0]
    this.file.value = ''
    if (!file) return
    const picture = await createImageBitmap(file).catch(() => null)
    this.isBroken = !picture
    if (picture) this.crop = { x: picture.width / 2, y: picture.height / 2, zoom: 1 }
    this.picture = picture
  }

  private closed(): void {
    this.picture?.close()
    this.picture = null
  }

  private readonly use = async () => {
    const bytes = await encodePhoto(this.picture!, this.crop, this.maxBytes)
    this.isBroken = !bytes
    this.dialog.close()
    // The dialog's own `close` event comes later: an update before it would open the cropper again.
    this.closed()
    if (bytes) this.tell(bytes)
  }

  private tell(photo: Uint8Array | null): void {
    this.photo = photo
    this.dispatchEvent(new CustomEvent<Uint8Array | null>('photo', { detail: photo, bubbles: true }))
  }

  private readonly grab = (event: PointerEvent) => this.canvas.setPointerCapture(event.pointerId)

  private readonly drag = (event: PointerEvent) => {
    if (this.canvas.hasPointerCapture(event.pointerId)) this.moveBy(-event.movementX, -event.movementY)
  }

  private readonly wheel = (event: WheelEvent) => {
    event.preventDefault()
    this.zoomTo(this.crop.zoom - event.deltaY / 400)
  }

  private readonly nudge = (event: KeyboardEvent) => {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-8, 0],
      ArrowRight: [8, 0],
      ArrowUp: [0, -8],
      ArrowDown: [0, 8],
    }
    const step = steps[event.key]
    if (!step) return
    event.preventDefault()
    this.moveBy(...step)
  }

  private moveBy(x: number, y: number): void {
    const picture = this.picture!
    const perPixel = Math.min(picture.width, picture.height) / this.crop.zoom / this.canvas.clientWidth
    this.crop = clampCrop(picture, { ...this.crop, x: this.crop.x + x * perPixel, y: this.crop.y + y * perPixel })
  }

  private zoomTo(zoom: number): void {
    this.crop = clampCrop(this.picture!, { ...this.crop, zoom: Math.min(Math.max(zoom, 1), 4) })
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-photo-field': TvPhotoField
  }
}
