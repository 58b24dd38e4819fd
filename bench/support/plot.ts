export interface Curve {
  name: string
  points: { x: number; y: number }[]
}

const size = { width: 640, height: 360, left: 56, right: 120, top: 40, bottom: 44 }
const colours = ['#2563eb', '#dc2626', '#16a34a', '#9333ea']

/** A line chart with both axes from zero, as an SVG that stands on its own. */
export function drawCurves({ title, curves }: { title: string; curves: readonly Curve[] }): string {
  const points = curves.flatMap((curve) => curve.points)
  const [maxX, maxY] = [Math.max(...points.map(({ x }) => x)), Math.max(...points.map(({ y }) => y)) * 1.1]
  const toX = (x: number) => size.left + (x / maxX) * (size.width - size.left - size.right)
  const toY = (y: number) => size.height - size.bottom - (y / maxY) * (size.height - size.top - size.bottom)
  const lines = curves.map(({ name, points: own }, at) => {
    const colour = colours[at % colours.length]
    const path = own.map(({ x, y }) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`).join(' ')
    const dots = own.map(
      ({ x, y }) => `<circle cx="${toX(x).toFixed(1)}" cy="${toY(y).toFixed(1)}" r="3" fill="${colour}"/>`,
    )
    const last = own.at(-1)!
    const label = `<text x="${size.width - size.right + 10}" y="${toY(last.y).toFixed(1)}" fill="${colour}">${name}</text>`
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${label}`
  })
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const [x, y] = [toX(maxX * share), toY(maxY * share)]
    return [
      `<line x1="${size.left}" x2="${size.width - size.right}" y1="${y}" y2="${y}" stroke="#ddd"/>`,
      `<text x="${size.left - 8}" y="${y + 4}" text-anchor="end">${(maxY * share).toFixed(1)}</text>`,
      `<text x="${x}" y="${size.height - size.bottom + 20}" text-anchor="middle">${(maxX * share).toFixed(1)}</text>`,
    ].join('')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="${size.left}" y="22" font-size="14">${title}</text>
${ticks.join('\n')}
${lines.join('\n')}
</svg>
`
}
