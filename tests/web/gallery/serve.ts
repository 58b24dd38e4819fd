import { serveGallery } from './build.ts'
import { screens } from './screens.ts'

const server = await serveGallery()
for (const [name, path] of Object.entries(screens)) console.log(name.padEnd(12), new URL(path, server.url).href)
