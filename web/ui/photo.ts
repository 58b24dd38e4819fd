/** Side of a stored photo in pixels. */
export const photoSide = 128

/** What part of a picture is kept: its centre, and how much larger it is shown than needed. */
export type Crop = { x: number; y: number; zoom: number }

/** Keeps the picture over the whole frame. */
export function clampCrop({ width, height }: ImageBitmap, crop: Crop): Crop {
  const half = Math.min(width, height) / crop.zoom / 2
  const clamp = (value: number, most: number) => Math.min(Math.max(value, half), most - half)
  return { zoom: crop.zoom, x: clamp(crop.x, width), y: clamp(crop.y, height) }
}

export function drawCrop(canvas: HTMLCanvasElement, picture: ImageBitmap, crop: Crop): void {
  const side = Math.min(picture.width, picture.height) / crop.zoom
  const context = canvas.getContext('2d')!
  context.imageSmoothingQuality = 'high'
  context.fillStyle = '#fff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(picture, crop.x - side / 2, crop.y - side / 2, side, side, 0, 0, canvas.width, canvas.height)
}

/** The cropped photo as WebP, or JPEG where the browser cannot write it, as good as fits into the bytes. Drawing it anew drops where and when it was taken. */
export async function encodePhoto(picture: ImageBitmap, crop: Crop, maxBytes: number): Promise<Uint8Array | null> {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = photoSide
  drawCrop(canvas, picture, crop)
  for (const quality of [0.86, 0.72, 0.58, 0.44, 0.3]) {
    const blob = (await toBlob(canvas, 'image/webp', quality)) ?? (await toBlob(canvas, 'image/jpeg', quality))
    if (blob && blob.size <= maxBytes) return new Uint8Array(await blob.arrayBuffer())
  }
  return null
}

function toBlob(canvas: HTMLCanvasElement, type: string, quality: number): Promise<Blob | null> {
  // A browser that cannot write a type gives PNG instead.
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob?.type === type ? blob : null), type, quality))
}
