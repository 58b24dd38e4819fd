import { html, svg, type TemplateResult } from 'lit'

const width = 400
const ridges = [
  { fill: '#8a6f9e', height: 150, roughness: 40, seed: 3 },
  { fill: '#5d4f82', height: 176, roughness: 34, seed: 16 },
  { fill: '#33305c', height: 200, roughness: 26, seed: 29 },
]

// The same hills every time: a small generator with a fixed seed.
function outline({ height, roughness, seed }: (typeof ridges)[number]): string {
  let state = seed
  const next = () => {
    state = (state * 16_807) % 2_147_483_647
    return state / 2_147_483_647
  }
  let path = `M0 300V${height}`
  let y = height
  for (let x = 0; x <= width; x += 20) {
    y = height + (next() - 0.5) * roughness + Math.sin(x / 60 + seed) * roughness * 0.6
    path += `L${x} ${y.toFixed(1)}`
  }
  return `${path}L${width} 300Z`
}

const fade = (id: string, colours: readonly string[]) =>
  svg`<linearGradient id=${id} x1="0" x2="0" y1="0" y2="1">${colours.map((colour, at) => svg`<stop offset=${at / 2} stop-color=${colour} />`)}</linearGradient>`

/** A drawn photograph of an evening at the lake, for the welcome picture. */
export function sunset(): TemplateResult {
  return html`<svg class="block size-full" viewBox="0 0 400 300" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
    <defs>
      ${fade('sunset-sky', ['#5b6aa8', '#f492a0', '#f9c58d'])}${fade('sunset-lake', ['#f7b48f', '#7a5a8c', '#2b2a52'])}
      <radialGradient id="sunset-glow"><stop offset="0" stop-color="#fff3d6" stop-opacity=".9" /><stop offset="1" stop-color="#fff3d6" stop-opacity="0" /></radialGradient>
      <filter id="sunset-ripples"><feTurbulence type="turbulence" baseFrequency=".008 .14" numOctaves="2" seed="4" /><feColorMatrix values="0 0 0 0 1 0 0 0 0 1 0 0 0 0 1 .5 0 0 0 -.12" /></filter>
    </defs>
    <rect width="400" height="300" fill="url(#sunset-sky)" />
    <circle cx="290" cy="118" r="102" fill="url(#sunset-glow)" /><circle cx="290" cy="118" r="30" fill="#fff3d6" />
    ${ridges.map((ridge) => svg`<path d=${outline(ridge)} fill=${ridge.fill} />`)}
    <rect y="206" width="400" height="94" fill="url(#sunset-lake)" /><rect y="206" width="400" height="94" filter="url(#sunset-ripples)" opacity=".55" />
  </svg>`
}
