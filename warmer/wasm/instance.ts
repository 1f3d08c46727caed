/** The compiled module (the .as files), each instance with a memory of its own. */
import { rowsModule } from "./module.ts";

/** What commands.as exports. Positions are bytes in the instance's memory. */
export interface Exports {
  readonly start: () => void;
  readonly crc64: (from: number, to: number) => bigint;
  readonly putEntry: (out: number, from: number, length: number) => number;
  readonly read: (from: number, to: number) => number;
  readonly restore: (longest: number, most: number) => number;
  readonly set: () => number;
}

/** From here on the memory is free: layout.as says what lies before. */
export const FREE = 47_616;
/** What may be read and written behind the end of anything. */
export const SLACK = 8;
const PAGE = 64 * 1024;

/** What is used of the global WebAssembly, whose types come with those of browsers only. */
interface WebAssemblyApi {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (binary: Buffer) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };

let compiled: object | undefined;

/** A new instance with a memory of at least so many bytes, which does not grow. */
export function instantiate(bytes: number): { readonly exports: Exports; readonly memory: Buffer } {
  compiled ??= new WebAssembly.Module(Buffer.from(rowsModule, "base64"));
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
  const exports = new WebAssembly.Instance(compiled, { env: { memory } }).exports as Exports;
  exports.start();
  return { exports, memory: Buffer.from(memory.buffer) };
}
