import { inflateSync } from "node:zlib";

/** A picture, a pixel after the other. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `#rrggbb` of a pixel. */
  colour(x: number, y: number): string;
}

/** Reads a PNG as Chromium writes it: 8 bits a channel, RGB or RGBA, not interlaced. */
export function readPng(file: Buffer): Picture {
  const [width, height, depth, type, interlaced] = [
    file.readUInt32BE(16),
    file.readUInt32BE(20),
    file[24],
    file[25],
    file[28],
  ];
  if (depth !== 8 || (type !== 2 && type !== 6) || interlaced !== 0) throw new Error("not such a PNG");
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    if (file.toString("latin1", at + 4, at + 8) === "IDAT")
      data.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const bytes = type === 2 ? 3 : 4;
  const pixels = unfilter(inflateSync(Buffer.concat(data)), width * bytes, height, bytes);
  return {
    width,
    height,
    colour: (x, y) => `#${pixels.toString("hex", (y * width + x) * bytes, (y * width + x) * bytes + 3)}`,
  };
}

/** Each line says by which of its neighbours a byte was made smaller. */
function unfilter(raw: Buffer, stride: number, height: number, bytes: number): Buffer {
  const out = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x >= bytes ? (out[y * stride + x - bytes] as number) : 0;
      const up = y > 0 ? (out[(y - 1) * stride + x] as number) : 0;
      const corner = x >= bytes && y > 0 ? (out[(y - 1) * stride + x - bytes] as number) : 0;
      const base = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter ?? 0] ?? 0;
      out[y * stride + x] = ((raw[y * (stride + 1) + 1 + x] as number) + base) & 255;
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(left + up - corner - value)) as [number, number, number];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
