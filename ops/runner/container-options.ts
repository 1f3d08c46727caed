import { randomBytes } from "node:crypto";
import type { ContainerCreateOptions } from "dockerode";
import type { DockerRunner, Owner } from "../../contract/docker.ts";
import { toolEntry } from "./tool-files.ts";

/** `nobody` nearly everywhere, and nobody needs to know the number. */
export const runnerOwner: Owner = { uid: 65534, gid: 65534 };
/** Where the tool lies in the container. */
export const runnerFolder = "/hearth";
/** Says for which network a container runs the tool. */
export const runnerLabel = "hearth.runner";

/** What the tool may use at most: the warmer takes a quarter of it. */
const memoryBytes = 512 * 1024 * 1024;

/** The one-off container: hardened like the nodes, removed by the engine when the tool in it ends. */
export function containerOptions({ network, image }: DockerRunner): ContainerCreateOptions {
  return {
    name: `hearth-runner-${network.slice(0, 100)}-${randomBytes(3).toString("hex")}`,
    Image: image,
    Entrypoint: ["node"],
    Cmd: [`${runnerFolder}/${toolEntry}`, "operation"],
    User: `${runnerOwner.uid}:${runnerOwner.gid}`,
    WorkingDir: runnerFolder,
    Labels: { [runnerLabel]: network },
    // Requests come on stdin, which ends with this process; with it the tool ends.
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Volumes: { [runnerFolder]: {} },
    HostConfig: {
      AutoRemove: true,
      NetworkMode: network,
      // A database of the engine's own machine has a name there.
      ExtraHosts: ["host.docker.internal:host-gateway"],
      ReadonlyRootfs: true,
      Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777" },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      PidsLimit: 128,
      // What the tool answers is the caller's alone.
      LogConfig: { Type: "none", Config: {} },
    },
  };
}
