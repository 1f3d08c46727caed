import Docker from "dockerode";
import { runs } from "./processes.ts";

/** Label of what tests make by hand: the process that made it. */
export const testLabel = "hearth.test";

/** Younger things are left alone: on an engine that several machines share, their tests' processes are not seen here. */
const youngMs = 30 * 60_000;

interface Scope {
  readonly label?: string;
  readonly olderThanMs?: number;
}

type Labels = Readonly<Record<string, string>> | null | undefined;

/**
 * Removes containers, networks and volumes of tests whose process was killed. Those of stacks are known by the stack's
 * name. Where no engine answers there is nothing to do.
 *
 * @param label only what has this label
 */
export async function removeLeftovers({ label, olderThanMs = youngMs }: Scope = {}): Promise<void> {
  const docker = new Docker();
  const filters = label === undefined ? {} : { label: [label] };
  const old = (created: string | number) => Date.now() - new Date(created).getTime() > olderThanMs;
  try {
    for (const { Id, Labels, Created } of await docker.listContainers({ all: true, filters })) {
      if (isLeft(Labels) && old(Created * 1000)) await docker.getContainer(Id).remove({ force: true, v: true });
    }
    for (const { Id, Labels, Created } of await docker.listNetworks({ filters })) {
      if (isLeft(Labels) && old(Created)) await docker.getNetwork(Id).remove();
    }
    const { Volumes } = await docker.listVolumes({ filters });
    for (const { Name, Labels, ...volume } of Volumes ?? []) {
      if (isLeft(Labels) && "CreatedAt" in volume && old(String(volume.CreatedAt)))
        await docker.getVolume(Name).remove();
    }
  } catch (error) {
    // Another run may be at the same leftovers; and where no engine answers, tests say so by name.
    const { code, statusCode } = error as NodeJS.ErrnoException & { statusCode?: number };
    if (code === undefined && statusCode !== 404 && statusCode !== 409) throw error;
  }
}

/** Whether the process that made this has ended. */
export function isLeft(labels: Labels): boolean {
  const pid = labels?.[testLabel] ?? pidOfStack(labels?.["hearth.stack"]);
  return pid !== undefined && /^\d+$/.test(pid) && !runs(Number(pid));
}

/** `test-ab1-x7f2`: the name of a TestStack has its process in it. */
function pidOfStack(stack = ""): string | undefined {
  const pid = /^test-([0-9a-z]+)-[0-9a-z]+$/.exec(stack)?.[1];
  return pid && String(Number.parseInt(pid, 36));
}
