import type Docker from "dockerode";
import { type Address, formatAddress } from "../../contract/address.ts";
import { describeHolder, holderOf, whyNotFree } from "../port-holder.ts";

/** A port of the engine's machine that a node asks for. */
export type Published = Address & { readonly node: string };

/**
 * Why ports cannot be published: a container of another network has them, or, where the engine runs on this machine, a
 * process, or the address is not one of it. Containers of `network` are our own.
 */
export async function whyNotPublished(
  docker: Docker,
  published: readonly Published[],
  { network, isLocal }: { network: string; isLocal: boolean },
): Promise<string[]> {
  if (published.length === 0) return [];
  const containers = await docker.listContainers();
  const reasons = await Promise.all(
    published.map(async (wanted) => {
      const holder = containers.find(({ Ports }) => Ports.some((port) => isSame(port, wanted)));
      if (holder && network in (holder.NetworkSettings?.Networks ?? {})) return undefined;
      const where = `port ${wanted.port} (${formatAddress(wanted)}), which ${wanted.node} publishes,`;
      if (holder)
        return `${where} is published by the container ${nameOf(holder)}: stop it, or choose other ports (hearth:port)`;
      const code = isLocal ? await whyNotFree(wanted) : undefined;
      if (code === undefined) return undefined;
      if (code === "EADDRNOTAVAIL")
        return `${wanted.host} is not an address of this machine; ${wanted.node} is to be published there: change hearth:publish`;
      // Engines may do what this user may not.
      if (code === "EACCES") return undefined;
      const held =
        code === "EADDRINUSE" ? `held by ${describeHolder(holderOf(wanted.port))}` : `not to be had (${code})`;
      return `${where} is ${held}: end it, or choose other ports (hearth:port)`;
    }),
  );
  return reasons.filter((reason) => reason !== undefined);
}

function isSame(port: { IP?: string; PublicPort?: number; Type: string }, wanted: Address): boolean {
  if (port.Type !== "tcp" || port.PublicPort !== wanted.port) return false;
  const wide = ["0.0.0.0", "::", undefined];
  return port.IP === wanted.host || wide.includes(port.IP) || wide.includes(wanted.host);
}

function nameOf({ Names, Id }: { Names: string[]; Id: string }): string {
  return Names[0]?.replace(/^\//, "") ?? Id.slice(0, 12);
}
