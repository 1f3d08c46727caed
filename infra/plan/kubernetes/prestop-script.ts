import { preamble, type ScriptInput } from "./scripts.ts";

/** Seconds that handing over takes at most: the pod's grace period is longer, by what a server needs to save. */
export const handOverSeconds = 30;

/**
 * What a data node's pod runs before it is stopped, however that came about: a drain, a rollout, a deleted pod. A primary
 * hands over to a replica, so that clients wait a moment instead of a failure detection, and what was acknowledged is
 * kept. Where no replica can take over it stops without. As in ops/hand-over.ts.
 */
export function preStopScript(input: ScriptInput): string {
  return `#!/bin/sh
# Written by Hearth: a primary hands over before it is stopped. Always ends with 0: the pod stops in any case.
set -u
${preamble(input)}
replication() { ask 127.0.0.1 ${input.port} "INFO replication"; }

# Replicas that are connected, the one that has most first: OFFSET HOST PORT.
replicas() {
  replication |
    sed -n 's/^slave[0-9]*:ip=\\([^,]*\\),port=\\([0-9]*\\),state=online,offset=\\([0-9]*\\).*/\\3 \\1 \\2/p' | sort -rn
}
case "$(replication)" in *role:master*) ;; *) exit 0 ;; esac
set -- $(replicas)
[ $# -ge 3 ] || { echo "no replica could take over"; exit 0; }
${input.topology === "sentinel" ? bySentinels(input.port) : byReplica}`;
}

// It makes the primary hold back writes until it has everything.
const byReplica = `
to=$2
ask "$2" "$3" "CLUSTER FAILOVER" > /dev/null
tries=0 alone=0
# A replica that has taken over is gone for a moment; one that stays away is being stopped as well.
while [ $tries -lt 50 ] && [ $alone -lt 5 ]; do
  case "$(replication)" in *role:slave*) echo "handed over to $to"; exit 0 ;; esac
  set -- $(replicas)
  [ $# -lt 3 ] && alone=$((alone + 1)) || alone=0
  tries=$((tries + 1))
  sleep 0.2 || sleep 1
done
echo "no replica could take over"
`;

// Sentinels do not wait for replicas to catch up. So writes are held back, until the server is stopped: it is told only
// later that it is a replica, and what it acknowledged meanwhile would be gone.
function bySentinels(port: number): string {
  return `
ask 127.0.0.1 ${port} "CLIENT PAUSE 60000 WRITE" > /dev/null
end=$(replication | sed -n 's/^master_repl_offset://p')
tries=0
while [ $tries -lt 50 ]; do
  set -- $(replicas)
  # The last of them is gone, or has everything.
  [ $# -ge 3 ] && [ "$1" -lt "\${end:-0}" ] || break
  tries=$((tries + 1))
  sleep 0.1 || sleep 1
done
to=
[ $tries -ge 50 ] || [ $# -lt 3 ] || to=$(fail_over)
if [ -n "$to" ]; then
  echo "handed over to $to"
else
  ask 127.0.0.1 ${port} "CLIENT UNPAUSE" > /dev/null
  echo "no replica could take over"
fi
`;
}
