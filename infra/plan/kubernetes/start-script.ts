import { knownOwner, waitForTakeover } from "../../../contract/start-script.ts";
import { pidFile, secretFiles } from "./paths.ts";
import { fileOf, preamble, type ScriptInput } from "./scripts.ts";

/** Seconds that a replica must have run, to have been there when the primary crashed. */
const stayedSeconds = 10;

/** The oldest Redis that each topology can do with, as major * 100 + minor. */
const oldest = { standalone: 602, sentinel: 602, cluster: 700 } as const;

/**
 * What a node's container runs: puts the server's file together, then becomes the server. By the rules of
 * ops/node-files.ts and ops/starting-role.ts: the planned directives first, then what the server itself must not forget.
 * Of the file that is there only that is taken over, so that a removed directive never stays behind.
 */
export function startScript(input: ScriptInput): string {
  const { topology, kind } = input;
  return `#!/bin/sh
# Written by Hearth: puts the file of ${kind === "sentinel" ? "a sentinel" : "a server"} together, then becomes it.
set -eu
umask 077
# As process 1 it would not hear it otherwise.
trap 'exit 143' TERM INT
${preamble(input)}
file="$folder/${fileOf(kind)}"
server=$(command -v redis-server || command -v valkey-server) || { echo "there is no redis-server or valkey-server in this image" >&2; exit 1; }
number() { echo $((\${1%%.*} * 100 + \${1#*.})); }
said=$("$server" --version)
text=$(printf '%s\\n' "$said" | sed -n 's/.* v=\\([0-9]*\\.[0-9]*\\).*/\\1/p')
# Valkey is what Redis 7.2 was.
case $said in Valkey*) text=7.2 ;; esac
version=$(number "\${text:?is unknown: what does redis-server --version say?}")
if [ "$version" -lt ${oldest[topology]} ]; then
  echo "kubernetes.image has Redis $text: a ${topology} topology on Kubernetes needs ${oldest[topology] === 700 ? "7.0" : "6.2"} or later, as in redis:7-alpine" >&2
  exit 1
fi
mkdir -p "$folder"

# The plan, without the directives of other versions.
planned_directives() {
  while IFS= read -r line; do
    case $line in
      "#if "*)
        line=\${line#"#if "}
        range=\${line%% *} line=\${line#* }
        since=\${range%-*} until=\${range#*-}
        [ -z "$since" ] || [ "$version" -ge "$(number "$since")" ] || continue
        [ -z "$until" ] || [ "$version" -le "$(number "$until")" ] || continue
        ;;
    esac
    printf '%s\\n' "$line"
  done < "$plan"
}
${kind === "sentinel" ? sentinelState : stateOf[topology](input)}
{
  planned_directives
  state
  echo "include $secret/${secretFiles.directives}"
} > "$file.new"
mv "$file.new" "$file"
exec "$server" "$file"${kind === "sentinel" ? " --sentinel" : ""}
`;
}

const stateOf = {
  standalone: () => "\nstate() { :; }\n",
  sentinel: ({ persistent }: ScriptInput) => lastEnd(persistent) + startingRole(persistent),
  cluster: ({ persistent, hasReplicas = false }: ScriptInput) =>
    announcedAddress + (hasReplicas ? lastEnd(persistent) + wait() : ""),
} as const;

/**
 * `why`: what speaks against a start as the primary, whose replicas would copy what it has. The kubelet starts a server
 * that crashed again at once, sooner than anybody misses it, with the data of its last snapshot or a part of its log. Not
 * where the whole machine was started again, and perhaps the replicas with it: then the disk is all there is.
 */
function lastEnd(persistent: boolean): string {
  const crashed = `[ ! -e "$folder/${pidFile}" ] || [ "$boot" != "$(cat "$folder/boot" 2> /dev/null)" ]`;
  return `
boot=$(cat /proc/sys/kernel/random/boot_id 2> /dev/null || :)
why=
[ ! -e "$file" ] || ${persistent ? `${crashed} || why="did not end cleanly: its data may be old"` : 'why="comes up without its data"'}
echo "$boot" > "$folder/boot"
`;
}

// A replica, and a node that knows no cluster yet, is nobody to wait for. How long to wait stands in the node's file, not
// here: it changes with cluster-node-timeout, which is set live, and another script would replace the pods.
function wait(): string {
  const file = '"$folder/nodes.conf"';
  return `${knownOwner(file, 'ask "$host" "$port" "CLUSTER NODES"')}
if [ -n "$why" ] && grep -qs 'myself,master .* connected [0-9[]' ${file}; then
takeover=$(sed -n 's/^#hearth takeover //p' "$plan")
${waitForTakeover("$takeover")}
fi
`;
}

// Its address as the others know it: the Service's, which stays. It is in the environment of pods that are younger than
// the Service.
const announcedAddress = `
case $node in *[!a-z0-9-]*) echo "HEARTH_NODE is not the name of a pod" >&2; exit 1 ;; esac
eval "address=\\\${$(printf '%s' "$node" | tr 'a-z-' 'A-Z_')_SERVICE_HOST:-}"
[ -n "$address" ] || { echo "this pod does not know the Service $node yet: starting again" >&2; exit 1; }
state() { echo "cluster-announce-ip $address"; }
`;

/**
 * Whom a data node follows from its first moment: what the sentinels say; where none answers, whom it followed last; on
 * an empty volume, as planned. Where they name this node, but its data is gone or old and there are replicas, it asks for
 * another primary first: the replicas would copy what it has. Old: it crashed, and one of them has been there meanwhile.
 */
function startingRole(persistent: boolean): string {
  return `
started=no
[ ! -e "$file" ] || started=yes

# Whether a replica has not been started with it.
stayed() {
  printf '%s\\n' "$data" | while read -r host port; do
    said=$(ask "$host" "$port" "INFO server" "INFO replication")
    up=$(printf '%s\\n' "$said" | sed -n 's/^uptime_in_seconds://p')
    case $said in *role:slave*) [ "\${up:-0}" -lt ${stayedSeconds} ] || echo "$host" ;; esac
  done | grep -q .
}
set -- $(opinion)
if [ $# -ge 3 ]; then
  follows="$2 $3"
  if [ "$follows" = "$at" ]; then
    follows=
    if [ "\${4:-0}" -gt 0 ] && ${persistent ? '{ [ $started = no ] || { [ -n "$why" ] && stayed; }; }' : "true"}; then
      follows=$(fail_over)
    fi
  fi
elif [ $started = yes ]; then
  follows=$(sed -n 's/^\\(replicaof\\|slaveof\\) //p' "$file" | sed 1q)
else
  follows=
  grep -q '^#hearth role replica$' "$plan" && follows=$planned || :
fi
echo "starts as \${follows:+a replica of }\${follows:-the primary}"
state() { [ -z "$follows" ] || echo "replicaof $follows"; }
`;
}

/**
 * What a sentinel must not forget: its id, its epochs, whom it knows, and the primary it last knew. One whose volume is
 * empty asks the others, then the data nodes: after a failover the planned primary is a replica, of which a sentinel that
 * watches it as the primary learns nothing.
 */
const sentinelState = `
kept='sentinel \\(myid\\|config-epoch\\|leader-epoch\\|current-epoch\\|known-replica\\|known-slave\\|known-sentinel\\) '
primary=
if [ -e "$file" ]; then primary=$(sed -n "s/^sentinel monitor $master \\([^ ]*\\) \\([0-9]*\\) .*/\\1 \\2/p" "$file" | sed 1q); fi
if [ -z "$primary" ]; then
  set -- $(opinion)
  [ $# -lt 3 ] || primary="$2 $3"
fi
if [ -z "$primary" ]; then
  primaries=$(printf '%s\\n' "$data" | while read -r host port; do
    case "$(ask "$host" "$port" "INFO replication")" in *role:master*) echo "$host $port" ;; esac
  done)
  # More than one, or none: nobody knows better than the plan.
  [ "$(printf '%s\\n' "$primaries" | grep -c .)" != 1 ] || primary=$primaries
fi
known=
[ ! -e "$file" ] || known=$(sed -n "/^$kept/p" "$file")
state() {
  echo "sentinel monitor $master \${primary:-$planned} $quorum"
  [ -z "$known" ] || printf '%s\\n' "$known"
}
`;
