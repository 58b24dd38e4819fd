// Stands in for ../published.ts in a browser: the same functions over the files that the test serves.
export const hasPublishedVectors = true
export const publishedVectors = '/vectors'

export async function readPublished<T>(...path: string[]): Promise<T> {
  return (await fetch(`${publishedVectors}/${path.join('/')}`)).json() as Promise<T>
}

export async function listPublished(...path: string[]): Promise<string[]> {
  return (await fetch(`/list/${path.join('/')}`)).json() as Promise<string[]>
}

export async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream('deflate'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
