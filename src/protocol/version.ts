/** Version of the contract between the two ends. A client that meets a larger one reloads itself. */
export const PROTOCOL_VERSION = 1

/** Version of the product, shown to people and written into backups. */
export const PRODUCT_VERSION = '0.1.0'
