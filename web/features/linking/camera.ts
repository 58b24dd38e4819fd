/** Why there is no picture. */
export type CameraProblem = 'denied' | 'missing' | 'failed'
type Detector = { detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]> }
type DetectorClass = { new (options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> }

const everyMs = 150
const maxWidth = 720

/** The camera's stream, or why not. */
export async function openCamera(): Promise<MediaStream | CameraProblem> {
  if (!navigator.mediaDevices?.getUserMedia) return 'missing'
  try {
    const video = { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } }
    return await navigator.mediaDevices.getUserMedia({ video, audio: false })
  } catch (cause) {
    const { name } = cause as DOMException
    console.warn('no camera', name)
    if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
    return name === 'NotFoundError' || name === 'OverconstrainedError' ? 'missing' : 'failed'
  }
}

/** Looks at the video's pictures until one holds a code. Ends without one when `signal` is aborted. */
export async function watchForCode(video: HTMLVideoElement, signal: AbortSignal): Promise<string | null> {
  const read = (await nativeReader()) ?? (await ownReader())
  while (!signal.aborted) {
    const text = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA ? await read(video) : null
    if (text) return text
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  return null
}

type Read = (video: HTMLVideoElement) => Promise<string | null>

async function nativeReader(): Promise<Read | null> {
  const { BarcodeDetector } = globalThis as { BarcodeDetector?: DetectorClass }
  if (!BarcodeDetector || !(await BarcodeDetector.getSupportedFormats()).includes('qr_code')) return null
  const detector = new BarcodeDetector({ formats: ['qr_code'] })
  return async (video) => (await detector.detect(video))[0]?.rawValue ?? null
}

async function ownReader(): Promise<Read> {
  const { decodeQR } = await import('qr/decode.js')
  const canvas = document.createElement('canvas')
  const pen = canvas.getContext('2d', { willReadFrequently: true })!
  return async (video) => {
    const scale = Math.min(1, maxWidth / video.videoWidth)
    canvas.width = Math.round(video.videoWidth * scale)
    canvas.height = Math.round(video.videoHeight * scale)
    pen.drawImage(video, 0, 0, canvas.width, canvas.height)
    const { width, height, data } = pen.getImageData(0, 0, canvas.width, canvas.height)
    try {
      return decodeQR({ width, height, data })
    } catch (cause) {
      // Most pictures hold no code, and that is how the library says so.
      if (cause instanceof Error) return null
      throw cause
    }
  }
}
