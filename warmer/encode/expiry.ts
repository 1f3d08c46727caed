/**
 * How commands tell the end of a key's life, in milliseconds: since 1970 by the clock of Redis, or from now on.
 *
 * From Redis 6.2 on, a life that begins with the command makes Redis look at its clock and make another command of
 * each, which names the time of the end, even where nobody replicates: 8-10 % of what a key costs it.
 */
export interface Expiry {
  readonly absolute: boolean;
  /** `PEXPIREAT` or `PEXPIRE`, up to the key. */
  readonly command: Buffer;
  /** What stands before the time in a `SET`. */
  readonly setOption: Buffer;
  /** `RESTORE`, up to the key. */
  readonly restore: Buffer;
  /** What follows the payload of a `RESTORE`. A time of 0 is no expiry in either form. */
  readonly restoreOptions: Buffer;
}

/** Redis 6.2 and later. */
export const ABSOLUTE: Expiry = {
  absolute: true,
  command: Buffer.from("*3\r\n$9\r\nPEXPIREAT\r\n"),
  setOption: Buffer.from("$4\r\nPXAT\r\n"),
  restore: Buffer.from("*6\r\n$7\r\nRESTORE\r\n"),
  restoreOptions: Buffer.from("\r\n$7\r\nREPLACE\r\n$6\r\nABSTTL\r\n"),
};

/** Every Redis. */
export const RELATIVE: Expiry = {
  absolute: false,
  command: Buffer.from("*3\r\n$7\r\nPEXPIRE\r\n"),
  setOption: Buffer.from("$2\r\nPX\r\n"),
  restore: Buffer.from("*5\r\n$7\r\nRESTORE\r\n"),
  restoreOptions: Buffer.from("\r\n$7\r\nREPLACE\r\n"),
};
