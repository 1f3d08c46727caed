import type { Address } from "../../../contract/address.ts";
import { clientTls, shellWord } from "../../../contract/health-script.ts";
import { certificateFiles, type PodPaths, scriptFiles, secretFiles } from "./paths.ts";

/** What the scripts of the pods of one kind are made for. POSIX sh: dash and busybox run them. */
export interface ScriptInput {
  readonly topology: "standalone" | "sentinel" | "cluster";
  readonly kind: "redis" | "sentinel";
  readonly port: number;
  readonly paths: PodPaths;
  /** Whether a restart keeps the data. */
  readonly persistent: boolean;
  /** Cluster: whether there are replicas, which take over from a primary that is gone. */
  readonly hasReplicas?: boolean | undefined;
  readonly tls?: { readonly mutual: boolean } | undefined;
  /** Sentinel: whom to ask, where the primary is at first, and the data nodes. */
  readonly watched?:
    | {
        readonly masterName: string;
        readonly quorum: number;
        readonly primary: Address;
        readonly sentinels: readonly Address[];
        readonly data: readonly Address[];
      }
    | undefined;
}

/** Seconds that a server has for one answer. */
const answerSeconds = 2;
/** Seconds that the sentinels have for another primary: well within what a pod has to hand over. */
const electSeconds = 20;

/** What every script begins with: where things are, and how a server is asked. */
export function preamble({ paths, tls, watched }: ScriptInput): string {
  const addresses = (list: readonly Address[]) => shellWord(list.map(({ host, port }) => `${host} ${port}`).join("\n"));
  return `config=${shellWord(paths.config)} secret=${shellWord(paths.secret)} folder=${shellWord(paths.folder)}
node=\${HEARTH_NODE:?is not set: it is the name of the pod}
plan="$config/$node.conf"
at=$(sed -n 's/^#hearth at //p' "$plan")
limit=$(command -v timeout) && limit="$limit ${answerSeconds}"
cli=$(command -v redis-cli || command -v valkey-cli) || { echo "there is no redis-cli in this image" >&2; exit 1; }

# ask HOST PORT COMMAND...: what a server says to them, without the login's answer; nothing where it does not answer.
ask() {
  asked="-h $1 -p $2"
  shift 2
  { cat "$secret/${secretFiles.handover}"; printf '%s\\n' "$@"; } |
    $limit "$cli" $asked${tlsOptions(paths, tls)} 2> /dev/null | tr -d '\\r' | sed 1d || :
}

# after NAME: the line behind the one that is NAME, of a reply of names and values.
after() { sed -n "/^$1\\$/{n;p;q;}"; }
${
  watched
    ? `
master=${shellWord(watched.masterName)} quorum=${watched.quorum} planned=${shellWord(`${watched.primary.host} ${watched.primary.port}`)}
sentinels=${addresses(watched.sentinels)}
data=${addresses(watched.data)}

# What the sentinels say, by the latest failover: EPOCH HOST PORT REPLICAS; nothing where none answers.
opinion() {
  printf '%s\\n' "$sentinels" | while read -r host port; do
    said=$(ask "$host" "$port" "SENTINEL GET-MASTER-ADDR-BY-NAME $master" "SENTINEL MASTER $master")
    primary=$(printf '%s\\n' "$said" | sed -n '1p;2p' | tr '\\n' ' ')
    epoch=config-epoch
    # During a failover the address is the new one's already, and the rest still the old one's.
    [ "$(printf '%s\\n' "$said" | after ip)" = "\${primary%% *}" ] || epoch=failover-epoch
    epoch=$(printf '%s\\n' "$said" | after "$epoch")
    [ -z "$epoch" ] || echo "$epoch $primary$(printf '%s\\n' "$said" | after num-slaves)"
  done | sort -rn | sed 1q
}

# Asks one of the sentinels for another primary than this node, and waits for it; says where it is.
fail_over() {
  tries=0 unheard=0 until=$(($(date +%s) + ${electSeconds}))
  # By the clock, as none of them may answer; where none does again and again, they are gone as well.
  while [ "$(date +%s)" -lt "$until" ] && [ $unheard -lt 3 ]; do
    tries=$((tries + 1))
    said=$(opinion)
    set -- $said
    [ $# -lt 3 ] && unheard=$((unheard + 1)) || unheard=0
    [ $# -lt 3 ] || [ "$2 $3" = "$at" ] || { echo "$2 $3"; return; }
    # Again and again: right after a failover none of the replicas is good enough, and one that is under way is refused.
    if [ $((tries % 5)) -eq 1 ]; then
      printf '%s\\n' "$sentinels" | while read -r host port; do
        case "$(ask "$host" "$port" "SENTINEL FAILOVER $master")" in OK* | *INPROG*) break ;; esac
      done
    fi
    sleep 0.3 || sleep 1
  done
}
`
    : ""
}`;
}

/** redis-cli's options, with the node's own certificate where clients must show one; `$HEARTH_NODE` is its name. */
export function tlsOptions({ secret }: Pick<PodPaths, "secret">, tls: ScriptInput["tls"]): string {
  if (tls === undefined) return "";
  const { cert, key } = certificateFiles("$HEARTH_NODE");
  const own = tls.mutual ? ` --cert "${secret}/${cert}" --key "${secret}/${key}"` : "";
  return clientTls({ ca: `${secret}/${secretFiles.ca}` }) + own;
}

/** Where the server reads its file. */
export function fileOf(kind: ScriptInput["kind"]): string {
  return kind === "sentinel" ? "sentinel.conf" : "redis.conf";
}

/** The command that runs a script of the ConfigMap. */
export function scriptCommand(paths: PodPaths, script: keyof typeof scriptFiles, ...args: string[]): string[] {
  return ["sh", `${paths.config}/${scriptFiles[script]}`, ...args];
}
