import type { FirewallPlan, PortPurpose } from "../../../contract/firewall.ts";
import { parseNetwork } from "../cidr.ts";

/** Ports that the same sources may reach for the same purpose: one group is one rule of a rendering. */
export interface PortGroup {
  readonly purpose: PortPurpose;
  /** Ascending ranges of consecutive ports. */
  readonly ranges: readonly PortSpan[];
  readonly from: readonly string[];
}

/** Consecutive ports, both included. */
export interface PortSpan {
  readonly first: number;
  readonly last: number;
}

/** The rules of a plan by purpose and sources, in the order of the plan. */
export function groupRules(plan: FirewallPlan): PortGroup[] {
  const groups = new Map<string, { purpose: PortPurpose; from: readonly string[]; ports: number[] }>();
  for (const { purpose, from, port } of plan.rules) {
    const key = [purpose, ...from].join(" ");
    const group = groups.get(key) ?? { purpose, from, ports: [] };
    groups.set(key, group);
    group.ports.push(port);
  }
  return [...groups.values()].map(({ purpose, from, ports }) => ({ purpose, from, ranges: spans(ports) }));
}

/** Every port of a plan, as ascending ranges. */
export function portsOf(plan: FirewallPlan): PortSpan[] {
  return spans(plan.rules.map(({ port }) => port));
}

/** The networks of one family. */
export function ofFamily(family: 4 | 6, from: readonly string[]): readonly string[] {
  return from.filter((text) => parseNetwork(text).family === family);
}

/** Whether these networks are every address of their family. */
export function isEverybody(from: readonly string[]): boolean {
  return from.some((text) => parseNetwork(text).prefix === 0);
}

function spans(ports: readonly number[]): PortSpan[] {
  const result: { first: number; last: number }[] = [];
  for (const port of [...new Set(ports)].toSorted((a, b) => a - b)) {
    const last = result.at(-1);
    if (last && port === last.last + 1) last.last = port;
    else result.push({ first: port, last: port });
  }
  return result;
}
