/** Bounds that both ends enforce. Sizes are bytes, times milliseconds. */
export const limits = {
  /** One socket frame in either direction. */
  maxFrameBytes: 1_048_576,
  /** One sealed body (PROTOCOL 4.5). */
  maxBodyBytes: 65_536,
  /** One Double Ratchet frame, header included (PROTOCOL 4.4). */
  maxEnvelopeBytes: 65_536,
  /** Envelopes that may travel with one body or in one frame. */
  maxEnvelopes: 512,
  /** JSON request bodies, restore uploads excepted. */
  maxJsonBytes: 1_048_576,
  maxArchiveRows: 500,
  maxVouchers: 500,
  maxPageMessages: 500,
  maxLogPageEntries: 1_000,
  maxSignInNameLength: 32,
  maxHomeNameLength: 64,
  /** A person's or conversation's picture, inside an encrypted payload. */
  maxPhotoBytes: 12_288,
  maxPersonNameLength: 64,
  maxTextLength: 20_000,
  maxOneTimePrekeys: 100,
  maxInviteUses: 50,
  maxMembers: 256,
  maxDevicesPerAccount: 16,
  /** One sealed file, and all of one account together. */
  maxFileBytes: 33_554_432,
  maxAccountFileBytes: 536_870_912,
  /** A disappearing message's ciphertext is kept at least so long, unseen, and at most a year and a day (PROTOCOL 4.7). */
  minLifetimeHours: 24,
  maxLifetimeHours: 8_784,
  inviteMaxAgeMs: 7 * 24 * 3_600_000,
  accessTokenMs: 15 * 60_000,
  refreshTokenMs: 90 * 24 * 3_600_000,
  /** Older signed and KEM prekeys are not used by anybody (PROTOCOL 4.1). */
  prekeyMaxAgeMs: 30 * 24 * 3_600_000,
  challengeMs: 2 * 60_000,
  recoveryTriesPerHour: 5,
} as const
