import type { ClusterArgs, Deployment, SentinelArgs, StandaloneArgs, TopologyName } from "./args.ts";
import { checkCommon, commonKeys } from "./check-common.ts";
import { checkTarget, exporterPorts, portsFor } from "./check-target.ts";
import { checkTls } from "./check-tls.ts";
import { checkMinReplicas } from "./check-tuning.ts";
import { ArgumentChecker, type IntegerRule } from "./check-values.ts";
import { defaults, majority } from "./defaults.ts";
import { busOffset, checkPorts, type PortRange } from "./ports.ts";
import type { Findings } from "./refusals.ts";
import { didYouMean } from "./similar.ts";
import { formatMilliseconds, milliseconds, show } from "./units.ts";

/** The component of each topology, and the arguments that it takes. */
export const topologies: Readonly<
  Record<TopologyName, { readonly component: string; readonly keys: readonly string[] }>
> = {
  standalone: { component: "RedisStandalone", keys: [...commonKeys, "port", "database"] },
  sentinel: {
    component: "RedisSentinel",
    keys: [
      ...commonKeys,
      "port",
      "database",
      "replicas",
      "sentinels",
      "sentinelPort",
      "quorum",
      "masterName",
      "downAfter",
      "failoverTimeout",
      "parallelSyncs",
      "minReplicas",
      "minReplicasMaxLag",
    ],
  },
  cluster: {
    component: "RedisCluster",
    keys: [...commonKeys, "port", "primaries", "replicasPerPrimary", "nodeTimeout", "minReplicas", "minReplicasMaxLag"],
  },
};

const databaseRule: IntegerRule = { min: 0, max: 15, default: defaults.database };

/** Everything that is wrong, or risky, about a standalone server of this name with these arguments. */
export function checkStandalone(name: string, args: StandaloneArgs): Findings {
  const checker = begin("standalone", name, args);
  checker.integer("database", databaseRule);
  const port: PortRange = { key: "port", what: "the server", count: 1, default: defaults.port };
  checkPorts(checker, [port], exporterPorts(checker, 1));
  checkTarget(checker, { name, topology: "standalone", data: 1, sentinels: 0 });
  return checker.findings;
}

/** Everything that is wrong, or risky, about a Sentinel topology of this name with these arguments. */
export function checkSentinel(name: string, args: SentinelArgs): Findings {
  const checker = begin("sentinel", name, args);
  checker.integer("database", databaseRule);
  const replicas = checker.integer("replicas", {
    min: 1,
    max: 10,
    default: defaults.replicas,
    tooFew: "without a replica there is nothing to fail over to: write 1 to 10, or use RedisStandalone",
  });
  const sentinels = checker.integer("sentinels", {
    min: 3,
    max: 15,
    default: defaults.sentinels,
    tooFew: "fewer than 3 have no majority left when one is gone: write 3 to 15",
  });
  checkMinReplicas(checker, replicas ?? defaults.replicas);
  checkQuorum(checker, sentinels);
  checkMasterName(checker);
  checkFailoverTimes(checker);
  checker.integer("parallelSyncs", { min: 1, max: 10, default: defaults.parallelSyncs });
  // A refused count is taken for its default, so that the ports are looked at all the same.
  const data = (replicas ?? defaults.replicas) + 1;
  const watching = sentinels ?? defaults.sentinels;
  const ports: PortRange[] = [
    { key: "port", what: "the data nodes", count: portsFor(checker, data), default: defaults.port },
    {
      ...{ key: "sentinelPort", what: "the sentinels", default: defaults.sentinelPort },
      count: portsFor(checker, watching),
    },
  ];
  checkPorts(checker, ports, exporterPorts(checker, data + watching));
  checkTarget(checker, { name, topology: "sentinel", data, sentinels: watching });
  warnAboutMemoryOnly(checker);
  return checker.findings;
}

/** Everything that is wrong, or risky, about a cluster of this name with these arguments. */
export function checkCluster(name: string, args: ClusterArgs): Findings {
  const checker = begin("cluster", name, args);
  const primaries = checker.integer("primaries", {
    min: 3,
    max: 100,
    default: defaults.primaries,
    tooFew: "a cluster needs 3 primaries to agree on a failover: write 3 to 100, or use RedisSentinel",
  });
  const replicas = checker.integer("replicasPerPrimary", { min: 0, max: 5, default: defaults.replicasPerPrimary });
  if (primaries !== undefined && replicas !== undefined && replicas >= primaries) {
    const most = primaries - 1;
    checker.refuse(
      "replicasPerPrimary",
      `${replicas} is more than ${primaries} primaries can place: two nodes of a shard would share a host; ` +
        `write 0 to ${most}, or at least ${replicas + 1} primaries`,
    );
  }
  checkMinReplicas(checker, replicas ?? defaults.replicasPerPrimary);
  checker.duration("nodeTimeout", { min: 1000, max: milliseconds("5 minutes"), default: defaults.nodeTimeout });
  const count = (primaries ?? defaults.primaries) * ((replicas ?? defaults.replicasPerPrimary) + 1);
  const port: PortRange = {
    ...{ key: "port", what: "the nodes", default: defaults.clusterPort, bus: busOffset },
    count: portsFor(checker, count),
  };
  checkPorts(checker, [port], exporterPorts(checker, count));
  checkTarget(checker, { name, topology: "cluster", data: count, sentinels: 0 });
  if (replicas !== 0) warnAboutMemoryOnly(checker);
  return checker.findings;
}

/** The check of any topology. */
export function checkDeployment(name: string, deployment: Deployment): Findings {
  switch (deployment.topology) {
    case "standalone":
      return checkStandalone(name, deployment.args);
    case "sentinel":
      return checkSentinel(name, deployment.args);
    case "cluster":
      return checkCluster(name, deployment.args);
  }
}

/** What all three have in common, unknown arguments first: a misspelt one explains what follows. */
function begin(topology: TopologyName, name: string, args: object): ArgumentChecker {
  const checker = new ArgumentChecker(args as Record<string, unknown>);
  const { component, keys } = topologies[topology];
  checker.known(component, keys, (key) => {
    if (topology === "cluster" && key === "database") {
      return `${show(checker.value(key))} is not possible: a cluster has only database 0; leave it out, or use RedisStandalone or RedisSentinel`;
    }
    const owners = Object.values(topologies).filter((other) => other.keys.includes(key));
    if (owners.length === 0) return undefined;
    return `is an argument of ${owners.map((owner) => owner.component).join(" and ")}, not of ${component}: leave it out${didYouMean(key, keys)}`;
  });
  checkCommon(name, checker);
  checkTls(checker, topology);
  return checker;
}

function checkQuorum(checker: ArgumentChecker, sentinels: number | undefined): void {
  if (sentinels !== undefined && sentinels % 2 === 0) {
    checker.findings.warn(
      "sentinels",
      `${sentinels} can lose no more of them than ${sentinels - 1} can: write ${sentinels - 1} or ${sentinels + 1}`,
    );
  }
  const quorum = checker.value("quorum");
  if (sentinels === undefined || quorum === undefined) return;
  const least = majority(sentinels);
  const fix = `write ${least} to ${sentinels}`;
  if (typeof quorum !== "number" || !Number.isInteger(quorum)) {
    checker.integer("quorum", { min: least, max: sentinels, default: least });
  } else if (quorum > sentinels) {
    checker.refuse("quorum", `${quorum} of ${sentinels} sentinels can never agree: ${fix}`);
  } else if (quorum < least) {
    checker.refuse(
      "quorum",
      `${quorum} of ${sentinels} sentinels is not a majority, so a few that lose sight of the primary would replace it: ${fix}`,
    );
  }
}

function checkMasterName(checker: ArgumentChecker): void {
  const name = checker.text("masterName");
  if (name === undefined || (/^[A-Za-z0-9._-]+$/.test(name) && name.length <= 64)) return;
  const allowed = "write letters, digits, dots, hyphens and underscores, at most 64";
  checker.refuse("masterName", `${show(name)} is not a name: ${allowed}, such as "${defaults.masterName}"`);
}

function checkFailoverTimes(checker: ArgumentChecker): void {
  const downAfter = checker.duration("downAfter", {
    min: 100,
    max: milliseconds("10 minutes"),
    default: defaults.downAfter,
  });
  const failoverTimeout = checker.duration("failoverTimeout", {
    min: 1000,
    max: milliseconds("1 hour"),
    default: defaults.failoverTimeout,
  });
  if (downAfter === undefined || failoverTimeout === undefined || failoverTimeout > downAfter) return;
  checker.refuse(
    "failoverTimeout",
    `"${formatMilliseconds(failoverTimeout)}" is not longer than downAfter, "${formatMilliseconds(downAfter)}": ` +
      `write "${formatMilliseconds(2 * downAfter)}" or more, or a shorter downAfter`,
  );
}

function warnAboutMemoryOnly(checker: ArgumentChecker): void {
  if (checker.value("persistence") !== "none") return;
  checker.findings.warn(
    "persistence",
    '"none" lets a primary that restarts before a failover come back empty, and its replicas follow it: ' +
      'write "snapshots" or "aof", or warm again after a restart',
  );
}
