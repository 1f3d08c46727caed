/** What a health check is made for: one server, as it is seen from beside it. */
export interface HealthCheck {
  /** Of the node, for the heading. */
  readonly name: string;
  readonly kind: "redis" | "sentinel";
  readonly port: number;
  /** As whom the server is asked. */
  readonly user: string;
  /** Path of the file with the user's password, which redis-cli reads from its stdin: see `healthLogin`. */
  readonly login: string;
  /** Where the server speaks TLS: paths of the authority, and of what is shown where a client must show a certificate. */
  readonly tls?: { readonly ca: string; readonly own?: { readonly cert: string; readonly key: string } } | undefined;
  /** Further options of redis-cli, as the shell reads them, with a blank before them. */
  readonly options?: string;
  /**
   * Kubernetes: the script is called with `live` or `ready`. Live is a server that answers, whatever it says: one that
   * loads its data, or has no primary, is not helped by being killed.
   */
  readonly probes?: boolean;
  /** Whether the node must see a cluster that serves. */
  readonly cluster?: boolean;
}

/** Seconds after which a probe gives up: less than Kubernetes waits for it (infra/plan/kubernetes/probes.ts). */
export const probeSeconds = 4;

/** The file of `login`: redis-cli takes its first line for the password, whatever is in it. */
export function healthLogin(password: string): string {
  return `${password}\n`;
}

/**
 * The script of a health check, POSIX sh: whether the server serves, and, of a replica, whether it has its primary. It says
 * a word and ends with 0 or 1. The password is on redis-cli's stdin, in no argument and in no environment.
 *
 * redis-cli is always given a command. Without one it reads commands from its stdin, but up to 7.0 it first asks for the
 * help of all commands, before anybody is logged in: two errors for each check, which a server that is hardly used would
 * be reported for (HearthErrorRatioHigh).
 */
export function healthScript(check: HealthCheck): string {
  const { name, kind, port, user, login, tls, options = "", probes = false, cluster = false } = check;
  const asked = kind === "sentinel" ? "INFO sentinel" : "INFO replication";
  return `#!/bin/sh
# Written by Hearth: the health check of ${name}. Says a word and ends with 0 (healthy) or 1.
cli=$(command -v redis-cli || command -v valkey-cli) || { echo "no redis-cli in this image"; exit 1; }
limit=${probes ? `$(command -v timeout) && limit="$limit ${probeSeconds}"` : ""}
ask() {
  $limit "$cli" -h 127.0.0.1 -p ${port}${clientTls(tls)}${options} --user ${shellWord(user)} --askpass "$@" < ${shellWord(login)} 2>&1
}
said=$(ask PING)
${probes ? liveness : ""}case "$said" in
  *PONG*) ;;
  *LOADING*) echo "loading its data"; exit 1 ;;
  *MASTERDOWN*) echo "its primary is down"; exit 1 ;;
  *) echo "no answer"; exit 1 ;;
esac
case "$(ask ${asked}${cluster ? "; ask CLUSTER INFO" : ""})" in
${kind === "sentinel" ? '  *sentinel_masters:0*) echo "watches no primary"; exit 1 ;;' : '  *master_link_status:down*) echo "no link to its primary"; exit 1 ;;'}
${cluster ? '  *cluster_state:fail*) echo "the cluster does not serve"; exit 1 ;;\n' : ""}esac
echo "serves"
`;
}

// A password that the server does not know (any more), and a script that runs for long: it answers all the same.
const liveness = `if [ "\${1:-}" = live ]; then
  case "$said" in
    *PONG* | *LOADING* | *MASTERDOWN* | *BUSY* | *NOAUTH* | *WRONGPASS* | *NOPERM*) echo "answers"; exit 0 ;;
  esac
  echo "no answer"
  exit 1
fi
`;

/** redis-cli's options for a server that speaks TLS, with a blank before them; nothing where it does not. */
export function clientTls(tls: HealthCheck["tls"]): string {
  if (tls === undefined) return "";
  const own = tls.own === undefined ? "" : ` --cert ${shellWord(tls.own.cert)} --key ${shellWord(tls.own.key)}`;
  return ` --tls --cacert ${shellWord(tls.ca)}${own}`;
}

/** A text as one word of a shell's command line. */
export function shellWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
