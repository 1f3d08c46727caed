/** Where a node's files lie in its pod. */
export interface PodPaths {
  /** The ConfigMap: what can be read by everybody, and the scripts. */
  readonly config: string;
  /** The Secret of the node's kind. */
  readonly secret: string;
  /** The node's own folder on its volume: the file that its server reads and rewrites, and its data. */
  readonly folder: string;
}

/** In every pod. The volume is mounted where images of Redis say theirs is, so that they make none of their own. */
export const podPaths: PodPaths = { config: "/hearth/config", secret: "/hearth/secret", folder: "/data/node" };

/** In the node's folder, while its server runs, and after it crashed. */
export const pidFile = "redis.pid";

/** Mount of the volume, that holds `podPaths.folder`. */
export const dataMount = "/data";

/** Where an exporter finds its files. */
export const exporterFolder = "/hearth/exporter";

/** Keys of a Secret: what the servers read, and as whom the scripts log in. */
export const secretFiles = {
  directives: "secret.conf",
  acl: "users.acl",
  /** The password of the user that the probes ask as, one line. */
  health: "health.auth",
  /** The login of those who hand over, one line. */
  handover: "handover.auth",
  ca: "ca.crt",
} as const;

/** Keys of a ConfigMap besides `<node>.conf`. */
export const scriptFiles = { start: "start.sh", health: "health.sh", preStop: "prestop.sh" } as const;

/** The certificate and key of a node, in the Secret of its kind. */
export function certificateFiles(node: string): { readonly cert: string; readonly key: string } {
  return { cert: `${node}.crt`, key: `${node}.key` };
}
