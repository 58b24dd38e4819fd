import type { PhotoWords } from './ui/tv-photo-field.ts'
import { $appWords } from './words/app.ts'
import { $settingsWords } from './words/settings.ts'

/** What the photo field says. */
export function photoWords(): PhotoWords {
  const words = $settingsWords.get()
  return {
    choose: words.photoChoose,
    change: words.photoChange,
    remove: words.photoRemove,
    crop: words.photoCrop,
    zoom: words.photoZoom,
    use: words.photoUse,
    move: words.photoMove,
    broken: words.photoBroken,
    cancel: $appWords.get().cancel,
  }
}
