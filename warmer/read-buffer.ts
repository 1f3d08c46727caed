/**
 * Sockets that read into one buffer of their own. Node makes a new one of 64 KiB for each piece of data otherwise, and
 * frees them so late that a warming of millions of rows takes twice the memory.
 */
import { Socket, type SocketConstructorOpts } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

/** For rows; what servers only answer takes less. */
const ROWS_BYTES = 64 * 1024;
const REPLIES_BYTES = 16 * 1024;

type Listener = (data: Buffer) => void;

/** Who takes the data of a socket, instead of the listeners of its event. */
const takers = new WeakMap<Socket, Listener | null>();

/** A socket for rows, not connected yet. Listeners of "data" get copies, which they may keep. */
export function rowsSocket(): Socket {
  return buffered(ROWS_BYTES, (onread) => new Socket({ onread }));
}

/** A socket for replies, not connected yet. Listeners of "data" get copies, which they may keep. */
export function repliesSocket(options: SocketConstructorOpts): Socket {
  return buffered(REPLIES_BYTES, (onread) => new Socket({ ...options, onread }));
}

/** A connection by TLS for replies, that is being made. Listeners of "data" get copies, which they may keep. */
export function repliesTls(options: ConnectionOptions & { readonly host: string; readonly port: number }): Socket {
  return buffered(REPLIES_BYTES, (onread) => connectTls({ ...options, onread } as ConnectionOptions));
}

function buffered(bytes: number, make: (onread: NonNullable<SocketConstructorOpts["onread"]>) => Socket): Socket {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  const callback = (length: number): boolean => {
    const data = buffer.subarray(0, length);
    const taker = takers.get(socket) ?? null;
    if (taker === null) socket.emit("data", Buffer.from(data));
    else taker(data);
    return true;
  };
  const socket: Socket = make({ buffer, callback });
  takers.set(socket, null);
  return socket;
}

/**
 * Gives the data of a socket to `listener` in place of those who listen to its event: each piece is valid only during
 * the call. Also for sockets that were made elsewhere (TLS).
 * @returns ends that; the listeners from before have it again
 */
export function takeData(socket: Socket, listener: Listener): () => void {
  if (takers.has(socket)) {
    takers.set(socket, listener);
    return () => takers.set(socket, null);
  }
  const others = socket.listeners("data") as Listener[];
  socket.removeAllListeners("data");
  socket.on("data", listener);
  return () => {
    socket.off("data", listener);
    for (const other of others) socket.on("data", other);
  };
}
