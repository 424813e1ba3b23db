// What scanners can be told besides the map.

/** Options shared by the scanners; each takes what concerns it. */
export interface ScanOptions {
  /**
   * Strings of scripts and JSON that are root-relative URLs although nothing says so, compared exactly. For consumers
   * that run no shim. Each starts with a slash.
   */
  readonly strings?: ReadonlySet<string>;
  /**
   * 1 at each byte that begins a two-byte character whose second byte may look like ASCII (Shift_JIS, GBK, Big5); see
   * `charset.ts`. Absent for every encoding in which a byte below 80 is always the ASCII character.
   */
  readonly leadBytes?: Readonly<Uint8Array>;
}
