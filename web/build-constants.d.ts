// Filled in by scripts/bundle.ts when the page is built. The page knows both addresses; a worker that needs
// the other one is told by the page.
declare const __WORKER_URL__: string
declare const __ARGON2_WORKER_URL__: string
