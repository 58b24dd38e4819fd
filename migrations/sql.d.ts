declare module '*.sql' {
  const text: string
  // biome-ignore lint/style/noDefaultExport: imports of text have only that.
  export default text
}
