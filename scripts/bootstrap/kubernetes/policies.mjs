// NetworkPolicies as one table of nftables: what reaches or leaves a pod goes through the node's forward hook. Ports by
// name are known to rules of ingress alone.

/** The table's text, as `nft -f` takes it. */
export function rulesOf(pods, namespaces, policies) {
  const running = pods.filter(isReachable);
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const chains = [];
  const jumps = [];
  for (const pod of running) {
    for (const way of ways) {
      const { metadata, status } = pod;
      const found = policies.filter(
        (policy) =>
          policy.metadata.namespace === metadata.namespace &&
          (policy.spec.policyTypes ?? ["Ingress"]).includes(way.type) &&
          selects(policy.spec.podSelector, metadata.labels),
      );
      if (found.length === 0) continue;
      const rules = found.flatMap((policy) =>
        (policy.spec[way.rules] ?? []).flatMap((rule) => allowed(rule, way, policy, pod, running, labels)),
      );
      const chain = `${way.rules}_${status.podIP.replaceAll(".", "_")}`;
      chains.push(`  chain ${chain} {\n${rules.map((rule) => `    ${rule} return\n`).join("")}    counter drop\n  }`);
      jumps.push(`    ip ${way.own} ${status.podIP} jump ${chain}`);
    }
  }
  const hook = [
    "  chain forward { type filter hook forward priority 10; policy accept;",
    "    ct state established,related accept",
    ...jumps,
    "  }",
  ];
  return `table inet policies\ndelete table inet policies\ntable inet policies {\n${[...chains, ...hook].join("\n")}\n}\n`;
}

const ways = [
  { type: "Ingress", rules: "ingress", peers: "from", own: "daddr", other: "saddr" },
  { type: "Egress", rules: "egress", peers: "to", own: "saddr", other: "daddr" },
];

function isReachable({ spec, status }) {
  return status?.podIP && !spec.hostNetwork && ["Running", "Pending"].includes(status.phase);
}

/** Whether a label selector takes these labels; an empty one takes all. */
export function selects(selector, labels = {}) {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator === "In") return values.includes(labels[key]);
      if (operator === "NotIn") return !values.includes(labels[key]);
      return (operator === "Exists") === key in labels;
    })
  );
}

/** Conditions of nft, each of which lets a packet pass by this rule. */
function allowed(rule, way, policy, pod, pods, labels) {
  const ports = rule.ports?.length ? rule.ports.map((port) => portOf(port, pod)).filter(Boolean) : [""];
  // The client's lists have `_from`, and its watches what the API server says.
  return peersOf(rule[way.peers] ?? rule[`_${way.peers}`], way, policy, pods, labels).flatMap((peer) =>
    ports.map((port) => `${peer} ${port}`),
  );
}

function peersOf(peers, way, policy, pods, labels) {
  if (!peers?.length) return [""];
  const blocks = peers.filter(({ ipBlock }) => ipBlock);
  const addresses = peers
    .filter(({ ipBlock }) => !ipBlock)
    .flatMap(({ namespaceSelector, podSelector }) =>
      pods
        .filter(({ metadata }) =>
          namespaceSelector
            ? selects(namespaceSelector, labels.get(metadata.namespace))
            : metadata.namespace === policy.metadata.namespace,
        )
        .filter(({ metadata }) => selects(podSelector, metadata.labels))
        .map(({ status }) => status.podIP),
    );
  return [
    ...(addresses.length > 0 ? [`ip ${way.other} { ${[...new Set(addresses)].sort().join(", ")} }`] : []),
    ...blocks
      .filter(({ ipBlock }) => !ipBlock.cidr.includes(":"))
      .map(({ ipBlock: { cidr, except = [] } }) => {
        const not = except.length > 0 ? ` ip ${way.other} != { ${except.join(", ")} }` : "";
        return `ip ${way.other} ${cidr}${not}`;
      }),
  ];
}

function portOf({ protocol = "TCP", port, endPort }, pod) {
  const kind = protocol.toLowerCase();
  if (port === undefined) return `meta l4proto ${kind}`;
  const number = typeof port === "number" ? port : numberOf(port, pod);
  if (number === undefined) return undefined;
  return `${kind} dport ${endPort ? `${number}-${endPort}` : number}`;
}

function numberOf(name, { spec }) {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  return containers.flatMap(({ ports }) => ports ?? []).find((port) => port.name === name)?.containerPort;
}
