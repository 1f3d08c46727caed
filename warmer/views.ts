/**
 * Views of buffers that read and write four bytes at a time: three times as fast as single bytes, where a loop goes
 * over all of them. To make a view costs as much as to encode a short row, so the last few are kept.
 */

/** As many as a cluster has primaries, or somewhat fewer: each has a chunk that is being filled. */
const KEPT = 8;
/** A large buffer comes once, and must not be kept from being freed. */
const LARGEST_KEPT = 256 * 1024;

const buffers: (Buffer | undefined)[] = new Array(KEPT).fill(undefined);
const views: DataView[] = new Array(KEPT).fill(new DataView(new ArrayBuffer(0)));
let next = 0;

/** A view with the buffer's own positions. */
export function viewOf(buffer: Buffer): DataView {
  for (let index = 0; index < KEPT; index++) if (buffers[index] === buffer) return views[index] as DataView;
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  if (buffer.length > LARGEST_KEPT) return view;
  buffers[next] = buffer;
  views[next] = view;
  next = (next + 1) % KEPT;
  return view;
}
