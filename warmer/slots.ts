/** The slot of a key: CRC16 (XMODEM) of its hash tag, or of all of it, modulo 16384. */

/** Slots of a cluster. */
export const SLOTS = 16_384;

const OPEN = 123;
const CLOSE = 125;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

/** The slot of the key `bytes[start, end)`. */
export function slotOf(bytes: Buffer, start: number, end: number): number {
  let from = start;
  let to = end;
  for (let open = start; open < end; open++) {
    if (bytes[open] !== OPEN) continue;
    // Only what is between the first "{" and the first "}" after it counts, and only if it is not empty.
    let close = open + 1;
    while (close < end && bytes[close] !== CLOSE) close += 1;
    if (close < end && close > open + 1) {
      from = open + 1;
      to = close;
    }
    break;
  }
  let crc = 0;
  for (let index = from; index < to; index++) {
    crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ (bytes[index] as number)] as number);
  }
  return crc & (SLOTS - 1);
}
