import type { FirewallPlan } from "../../../contract/firewall.ts";
import { groupRules, isEverybody, ofFamily, type PortSpan, portsOf } from "./groups.ts";

/** Commands of a shell, as text. */
export interface UfwCommands {
  /** Puts the rules in place. */
  readonly apply: string;
  /** Takes the same rules away, and no others. */
  readonly remove: string;
}

/** Ports that one rule of ufw can name; a range counts as two. */
const mostPorts = 15;

/**
 * The rules as commands of ufw (0.36 or later, for `prepend`).
 *
 * ufw takes the first rule that fits, so ours go before those that are there (`ufw allow 6379/tcp`): the refusal first,
 * then, before it, everybody who is let in. ufw leaves a rule where it is when it has the same one already, which may be
 * behind the refusal: so each is deleted before. Taken away with the refusal last, so that nothing is open in between.
 * When the plan changes, remove the old rules by their own text first.
 */
export function renderUfw(plan: FirewallPlan): UfwCommands {
  const refusals = chunks(portsOf(plan)).map((ports) => ({ text: `deny ${rule("any", ports)}`, purpose: "others" }));
  const admissions = groupRules(plan).flatMap(({ purpose, ranges, from }) =>
    sourcesOf(from).flatMap((source) =>
      chunks(ranges).map((ports) => ({ text: `allow ${rule(source, ports)}`, purpose: purpose as string })),
    ),
  );
  const prepend = ({ text, purpose }: { text: string; purpose: string }): string =>
    `ufw prepend ${text} comment 'hearth ${plan.owner}: ${purpose}'`;
  const remove = ({ text }: { text: string }): string => `ufw delete ${text}`;
  return {
    apply: lines([...refusals.map(prepend), ...admissions.flatMap((one) => [remove(one), prepend(one)])]),
    remove: lines([...admissions, ...refusals].map(remove)),
  };
}

function rule(source: string, ports: string): string {
  return `proto tcp from ${source} to any port ${ports}`;
}

/** Every address of both families is `any`; of one of them its own /0. */
function sourcesOf(from: readonly string[]): readonly string[] {
  const families = [ofFamily(4, from), ofFamily(6, from)];
  return families.every(isEverybody) ? ["any"] : from;
}

/** Lists of ports, each short enough for a rule: `7000:7005,17000:17005`. */
function chunks(spans: readonly PortSpan[]): string[] {
  const result: string[] = [];
  let list: string[] = [];
  let count = 0;
  for (const { first, last } of spans) {
    const weight = first === last ? 1 : 2;
    if (count + weight > mostPorts) {
      result.push(list.join(","));
      list = [];
      count = 0;
    }
    list.push(first === last ? `${first}` : `${first}:${last}`);
    count += weight;
  }
  return list.length === 0 ? result : [...result, list.join(",")];
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join("");
}
