import { describe, expect, it } from "vitest";
import { rulesOf, selects } from "../../../scripts/bootstrap/kubernetes/policies.mjs";

const pod = (name: string, ip: string, labels: Record<string, string>, namespace = "one") => ({
  metadata: { name, namespace, labels },
  spec: { containers: [{ ports: [{ name: "redis", containerPort: 6379 }] }] },
  status: { phase: "Running", podIP: ip },
});
const pods = [
  pod("redis", "10.97.0.2", { app: "redis" }),
  pod("client", "10.97.0.3", { client: "yes" }),
  pod("elsewhere", "10.97.0.4", { client: "yes" }, "two"),
];
const namespaces = [
  { metadata: { name: "one", labels: { team: "a" } } },
  { metadata: { name: "two", labels: { team: "b" } } },
];
const policy = (spec: object) => ({ metadata: { name: "p", namespace: "one" }, spec });
const chain = (rules: string, name: string) =>
  new RegExp(`chain ${name} \\{\\n([^}]*(?:\\{[^}]*\\}[^}]*)*?)  \\}`).exec(rules)?.[1]?.trim().split(/\n\s*/);

describe("rulesOf", () => {
  it("has no chain for pods that no policy selects", () => {
    const rules = rulesOf(pods, namespaces, [policy({ podSelector: { matchLabels: { app: "other" } } })]);
    expect(rules).not.toContain("drop");
  });

  it("drops all that no rule lets in", () => {
    const rules = rulesOf(pods, namespaces, [policy({ podSelector: {} })]);
    expect(chain(rules, "ingress_10_97_0_2")).toEqual(["counter drop"]);
    expect(rules).toContain("ip daddr 10.97.0.2 jump ingress_10_97_0_2");
    expect(rules).not.toContain("10_97_0_4");
  });

  it("lets pods of the policy's own namespace in by their labels, and ports by their names", () => {
    const from = [{ podSelector: { matchLabels: { client: "yes" } } }];
    const spec = { podSelector: { matchLabels: { app: "redis" } }, ingress: [{ from, ports: [{ port: "redis" }] }] };
    expect(chain(rulesOf(pods, namespaces, [policy(spec)]), "ingress_10_97_0_2")).toEqual([
      "ip saddr { 10.97.0.3 } tcp dport 6379 return",
      "counter drop",
    ]);
  });

  it("reads what the client's lists call _from", () => {
    const _from = [{ namespaceSelector: { matchLabels: { team: "b" } } }];
    const rules = rulesOf(pods, namespaces, [policy({ podSelector: {}, ingress: [{ _from }] })]);
    expect(chain(rules, "ingress_10_97_0_2")).toEqual(["ip saddr { 10.97.0.4 }  return", "counter drop"]);
  });

  it("lets out to blocks of addresses, except some", () => {
    const to = [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }];
    const egress = [
      {
        to,
        ports: [
          { port: 53, protocol: "UDP" },
          { port: 8000, endPort: 8010 },
        ],
      },
    ];
    const rules = rulesOf(pods, namespaces, [policy({ podSelector: {}, policyTypes: ["Egress"], egress })]);
    expect(chain(rules, "egress_10_97_0_3")).toEqual([
      "ip daddr 10.0.0.0/8 ip daddr != { 10.1.0.0/16 } udp dport 53 return",
      "ip daddr 10.0.0.0/8 ip daddr != { 10.1.0.0/16 } tcp dport 8000-8010 return",
      "counter drop",
    ]);
    expect(rules).not.toContain("ingress_");
  });

  it("lets nobody in where a rule's selectors find no pod", () => {
    const from = [{ podSelector: { matchLabels: { client: "no" } } }];
    const rules = rulesOf(pods, namespaces, [policy({ podSelector: {}, ingress: [{ from }] })]);
    expect(chain(rules, "ingress_10_97_0_2")).toEqual(["counter drop"]);
  });
});

it.each([
  [{ key: "a", operator: "In", values: ["1", "2"] }, { a: "2" }, true],
  [{ key: "a", operator: "In", values: ["1"] }, {}, false],
  [{ key: "a", operator: "NotIn", values: ["1"] }, {}, true],
  [{ key: "a", operator: "Exists" }, { a: "" }, true],
  [{ key: "a", operator: "DoesNotExist" }, { a: "" }, false],
])("selects by %j: %j is %s", (expression, labels, wanted) => {
  expect(selects({ matchExpressions: [expression] }, labels as Record<string, string>)).toBe(wanted);
});
