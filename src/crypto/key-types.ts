declare const keyBrand: unique symbol

// Keys are types, not bytes: a key of one job cannot be passed where another is wanted. The role is covariant,
// so a DevicePublicKey is also a SigningPublicKey, never the other way round.
type Key<Kind extends string, Role extends string> = Uint8Array & {
  readonly [keyBrand]: { readonly kind: Kind; readonly role: Role }
}

/** Ed25519 public key, 32 bytes. */
export type SigningPublicKey<Role extends string = string> = Key<'ed25519-public', Role>
/** Ed25519 secret key as libsodium keeps it, 64 bytes: seed 32 || public key 32. */
export type SigningSecretKey<Role extends string = string> = Key<'ed25519-secret', Role>
/** X25519 public key, 32 bytes. */
export type DhPublicKey<Role extends string = string> = Key<'x25519-public', Role>
/** X25519 secret key, 32 bytes as drawn (clamped on use). */
export type DhSecretKey<Role extends string = string> = Key<'x25519-secret', Role>
/** ML-KEM-768 public key, 1184 bytes. */
export type KemPublicKey = Key<'mlkem768-public', 'prekey'>
/** ML-KEM-768 secret key, 2400 bytes. */
export type KemSecretKey = Key<'mlkem768-secret', 'prekey'>

/** UIK: the root identity of a user. */
export type RootPublicKey = SigningPublicKey<'root'>
/** UIK, secret half: lives in memory only while the root is at work. */
export type RootSecretKey = SigningSecretKey<'root'>
/** DSK: the identity of a device. */
export type DevicePublicKey = SigningPublicKey<'device'>
/** DSK, secret half. */
export type DeviceSecretKey = SigningSecretKey<'device'>
/** DIK: the Diffie-Hellman identity of a device. */
export type DeviceDhPublicKey = DhPublicKey<'device'>
/** DIK, secret half. */
export type DeviceDhSecretKey = DhSecretKey<'device'>
/** The server's log key, which signs tree heads. */
export type LogPublicKey = SigningPublicKey<'log'>
/** The server's log key, secret half. */
export type LogSecretKey = SigningSecretKey<'log'>
/** Signing key of one sender chain. */
export type ChainPublicKey = SigningPublicKey<'chain'>
/** Signing key of one sender chain, secret half. */
export type ChainSecretKey = SigningSecretKey<'chain'>
