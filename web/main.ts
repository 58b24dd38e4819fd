import { html, render } from 'lit'
import { registerServiceWorker, startClientWorker } from './script-urls.ts'

render(
  html`<main class="p-6"><h1 class="text-xl">TralliValli</h1></main>`,
  document.querySelector('tv-app') as HTMLElement,
)
startClientWorker()
void registerServiceWorker()
