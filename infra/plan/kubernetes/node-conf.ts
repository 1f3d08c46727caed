import { directiveLines } from "../../../contract/config-file.ts";
import type { Directives, DirectiveValue } from "../../../contract/nodes.ts";
import { takeoverMarginMs } from "../../../contract/start-script.ts";
import { tlsDirectives } from "../../../contract/tls-directives.ts";
import { dependentOnVersion } from "../directives/directives.ts";
import type { PlannedNode } from "../topology.ts";
import { certificateFiles, type PodPaths, pidFile, secretFiles } from "./paths.ts";

/** What a node's file says besides its plan. */
export interface NodeSurroundings {
  readonly paths: PodPaths;
  /** Where the others reach it. */
  readonly host: string;
  /** Cluster: milliseconds after which it counts as gone, and a replica takes over; absent where there is none. */
  readonly goneMs?: number | undefined;
  /** Absent: plain TCP. */
  readonly tls?: { readonly mutual: boolean } | undefined;
}

/**
 * What is readable of a node's configuration, as its start script takes it (start-script.ts): directives, of which those
 * that only some versions of Redis have are comments that name the versions, since nobody knows the image's before it
 * runs: `#if 7.0- maxmemory-clients 64mb`, `#if 6.2-7.4 ...`.
 */
export function nodeConf(node: PlannedNode, { paths, host, tls, goneMs }: NodeSurroundings): string {
  const directives: Directives = {
    bind: "* -::*",
    dir: paths.folder,
    logfile: "",
    daemonize: "no",
    // By it a start script knows whether the server ended cleanly: then it has taken it away.
    pidfile: `${paths.folder}/${pidFile}`,
    aclfile: `${paths.secret}/${secretFiles.acl}`,
    ...node.directives,
    ...(tls ? encrypted(node, paths, tls.mutual) : { port: `${node.port}` }),
  };
  const versions = dependentOnVersion(Object.keys(directives));
  const lines = Object.keys(directives)
    .sort()
    .flatMap((name) => {
      const range = versions[name];
      const only = range === undefined ? "" : `#if ${range.since ?? ""}-${range.until ?? ""} `;
      return directiveLines(name, directives[name] as DirectiveValue).map((line) => only + line);
    });
  const heading = [
    `# Node ${node.name}, written by Hearth: change the stack's configuration instead.`,
    `#hearth at ${host} ${node.port}`,
    `#hearth role ${node.role}`,
    ...(goneMs === undefined ? [] : [`#hearth takeover ${Math.ceil((goneMs + takeoverMarginMs) / 1000)}`]),
  ];
  return `${[...heading, ...lines].join("\n")}\n`;
}

function encrypted({ name, port, busPort }: PlannedNode, { secret }: PodPaths, mutual: boolean): Directives {
  const { cert, key } = certificateFiles(name);
  return tlsDirectives(
    port,
    { ca: `${secret}/${secretFiles.ca}`, cert: `${secret}/${cert}`, key: `${secret}/${key}` },
    { authClients: mutual ? "yes" : "no", cluster: busPort !== undefined },
  );
}
