import type Docker from "dockerode";
import type { Container, ContainerInspectInfo } from "dockerode";
import { waitFor } from "../wait.ts";

/** Whether the engine said that there is no such thing. */
export function isGone(error: unknown): boolean {
  return (error as { statusCode?: number }).statusCode === 404;
}

/** The container, if it is there. */
export async function inspect(container: Container): Promise<ContainerInspectInfo | undefined> {
  try {
    return await container.inspect();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The container of an id, or else of this name. Throws where there is neither: Pulumi's own resource comes before. */
export async function existing(
  docker: Docker,
  { containerId, container }: { containerId?: string; container: string },
) {
  for (const name of [containerId, container]) {
    if (name === undefined || name === "") continue;
    const found = docker.getContainer(name);
    const info = await inspect(found);
    if (info) return { container: found, info };
  }
  return undefined;
}

/** `<container id>@<start>`: another one after every start. */
export function instanceOf({ Id, State }: ContainerInspectInfo): string {
  return `${Id.slice(0, 12)}@${State.StartedAt}`;
}

/** Whether its program runs: not between two attempts of the engine to start it. */
export function isRunning({ State }: ContainerInspectInfo): boolean {
  return State.Running && !State.Restarting;
}

/**
 * Asks the program to end (SIGTERM) and waits until it has. It may refuse for the moment (Redis, while it cannot save):
 * so it is asked again every second. The engine does not start it again, whatever its restart policy is.
 */
export async function stopGracefully(container: Container, what: string, signal: AbortSignal): Promise<void> {
  let asked = Number.NEGATIVE_INFINITY;
  await waitFor(
    async () => {
      const info = await inspect(container);
      if (!info?.State.Running) return { value: true };
      if (performance.now() - asked >= 1000) {
        await container.kill({ signal: "SIGTERM" }).catch(unlessStopped);
        asked = performance.now();
      }
      return { missing: `the end of container ${container.id.slice(0, 12)} (its log says what it waits for)` };
    },
    { what, signal, everyMs: 20 },
  );
}

/** Ends the program at once. */
export async function kill(container: Container): Promise<void> {
  await container.kill({ signal: "SIGKILL" }).catch(unlessStopped);
}

/** 409: it does not run; 404: it is gone. */
function unlessStopped(error: unknown): void {
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== 409 && statusCode !== 404) throw error;
}

/** An error about a program that did not come up, with why it ended as far as the engine knows, and its last words. */
export async function explained(container: Container, error: unknown): Promise<string> {
  const state = (await inspect(container).catch(() => undefined))?.State;
  const killed = state?.OOMKilled
    ? "\nIt was killed because it used more than its memory limit (hearth:memoryLimit)."
    : "";
  const log = await logTail(container);
  const said = log === "" ? "Its log is empty." : `The end of its log:\n${log}`;
  return `${(error as Error).message}${killed}\n${said}`;
}

async function logTail(container: Container): Promise<string> {
  try {
    const output = await container.logs({ stdout: true, stderr: true, tail: 20 });
    return withoutHeaders(Buffer.from(output)).trimEnd();
  } catch {
    return ""; // its log driver keeps nothing that can be read
  }
}

/** Output of a container without a terminal: each piece of it comes behind eight bytes that tell its stream and length. */
export function withoutHeaders(output: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= output.length; ) {
    const end = at + 8 + output.readUInt32BE(at + 4);
    pieces.push(output.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces).toString("utf8");
}
