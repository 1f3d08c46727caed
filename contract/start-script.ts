import type { Address } from "./address.ts";
import { clientTls, type HealthCheck, shellWord } from "./health-script.ts";

/** What a start script is made for: one server, in a container that is started again whenever it ends. */
export interface StartScript {
  /** Of the node, for the heading. */
  readonly name: string;
  /** The node's folder, on a volume. The server keeps its pidfile there, as `redis.pid`. */
  readonly folder: string;
  /** Absent where nobody would take over from the server: then it is started at once. */
  readonly takeover?: Takeover | undefined;
}

/** How the others of its topology take over from a primary that crashed. */
export interface Takeover {
  /** Seconds within which one of its replicas has been promoted. */
  readonly seconds: number;
  /** Whether a start after a clean end comes up with the data. */
  readonly keepsData: boolean;
  readonly by: ByCluster | BySentinels;
  /** File in the folder that redis-cli reads: the login, and what the others are asked. */
  readonly login: string;
  readonly tls?: HealthCheck["tls"];
}

/** The nodes of a cluster, asked for CLUSTER NODES: one that knows another owner of the node's slots is right. */
export interface ByCluster {
  /** Name of `cluster-config-file`. */
  readonly nodes: string;
}

/** Sentinels, asked which node is the primary: what most of them say. */
export interface BySentinels {
  readonly sentinels: readonly Address[];
  /** The node itself, as the sentinels know it. */
  readonly self: Address;
}

/**
 * Beyond the time after which a node counts as gone: for the others to agree, to elect and to promote, on a machine that
 * is busy with the crash. Too short loses data; too long only has a replica come back later.
 */
export const takeoverMarginMs = 10_000;

/** File in the folder by which Hearth says that it starts the server itself, and has seen to the roles. */
export const startAsked = "start.asked";

/**
 * The script that starts a server, POSIX sh; its arguments are the server's. Whatever restarts containers starts one that
 * crashed again at once, sooner than anybody misses it: a primary would be primary again with the data of its last
 * snapshot, or with none, and its replicas would copy that. So a primary that did not end cleanly waits until a replica
 * has taken over.
 */
export function startScript({ name, folder, takeover }: StartScript): string {
  return `#!/bin/sh
# Written by Hearth: starts ${name}.
umask 077
cd ${shellWord(folder)} || exit 1
${takeover ? waiting(takeover) : ""}# Any image will do: the program has one of two names. exec: signals reach the server.
exec "$(command -v redis-server || command -v valkey-server)" "$@"
`;
}

function waiting({ seconds, keepsData, by, login, tls }: Takeover): string {
  const inCluster = "nodes" in by;
  const isReplica = inCluster ? `grep -qs myself,slave ${shellWord(by.nodes)}` : "grep -q '^replicaof ' redis.conf";
  // Redis removes its pidfile when it ends cleanly.
  const mustWait = keepsData
    ? '[ -e redis.pid ] && why="did not end cleanly: its data may be old"'
    : 'why="comes up without its data"';
  return `ask() {
  timeout 2 "$(command -v redis-cli || command -v valkey-cli)" "$@"${clientTls(tls)} < ${login} 2>/dev/null
}
${inCluster ? knownOwner(shellWord(by.nodes), 'ask -h "$host" -p "$port"') : namedBySentinels(by)}
why=
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
if [ -e ${startAsked} ]; then
  rm -f ${startAsked} # Hearth starts it, and has seen to the roles
elif [ "$boot" != "$(cat boot 2>/dev/null)" ]; then
  : # the whole machine was started again, and its replicas with it
elif ! ${isReplica}; then
  ${mustWait}
fi
echo "$boot" > boot
if [ -n "$why" ]; then
${waitForTakeover(seconds)}
${inCluster ? "" : '  [ -z "$primary" ] || echo "replicaof $primary" >> redis.conf\n'}fi
`;
}

/**
 * Waits, where `$why` says for what reason, until `elected` says who has taken over: `$primary`.
 *
 * @param seconds at most; or a variable that holds them, as the shell reads it
 */
export function waitForTakeover(seconds: number | string): string {
  return `  echo "Hearth: waiting up to ${seconds} s for a replica to be promoted: this was the primary, and $why"
  # As process 1 it would not hear SIGTERM otherwise.
  trap 'echo "Hearth: ended while waiting"; exit 143' TERM INT
  waited=0
  primary=
  while [ $waited -lt ${seconds} ] && [ -z "$primary" ]; do
    sleep 1 & wait $!
    waited=$((waited + 1))
    primary=$(elected)
  done
  echo "Hearth: starting after $waited s, \${primary:+another is the primary now: }\${primary:-nobody has taken over}"`;
}

/**
 * `elected`, in a cluster: which node knows another owner of this one's slots. A node without slots has nothing behind the
 * state of its link. The cluster tells it whom to follow before it serves.
 *
 * @param file its `cluster-config-file`, as the shell reads it
 * @param ask has `$host` and `$port` say their CLUSTER NODES
 */
export function knownOwner(file: string, ask: string): string {
  return `elected() {
  self=$(sed -n 's/^\\([^ ]*\\) .*myself.*/\\1/p' ${file})
  sed -n '/myself/!s/^[^ ]* \\([^@]*\\):\\([0-9]*\\)@.*/\\1 \\2/p' ${file} | while read -r host port; do
    ${ask} | grep -q "^$self .*connected$" || continue
    echo "says $host $port"
    break
  done
}`;
}

// Sentinels would tell it only after 10 s whom to follow, and it would be a second primary until then.
function namedBySentinels({ sentinels, self }: BySentinels): string {
  const named = ({ host, port }: Address) => `    echo $(ask -h ${shellWord(host)} -p ${port})`;
  return `elected() {
  {
${sentinels.map(named).join("\n")}
  } | sed -n 's/^OK \\(.* [0-9][0-9]*\\)$/\\1/p' | grep -vx '${self.host} ${self.port}' | sort | uniq -c |
    while read -r count primary; do
      [ "$count" -lt ${Math.floor(sentinels.length / 2) + 1} ] || echo "$primary"
    done
}`;
}
