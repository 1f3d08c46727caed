import { createHash } from "node:crypto";
import { firewallSchema } from "../contract/firewall.ts";
import { firewallTable } from "../contract/firewall-table.ts";
import type { OperationHandler, OperationResult } from "../contract/operation.ts";
import { findNft, type NftAnswer, nft } from "./nft.ts";

const byHand = 'write firewall: "print" and have the rules put in place by whoever may';
const noNft = `nft is not on this machine: install it (Debian, Ubuntu: apt-get install nftables), or ${byHand}`;

/**
 * The nftables rules of one topology on this machine, in a table of its own: put in place and replaced by one
 * transaction, compared with what the kernel lists, taken away as a whole. No other table is ever named.
 */
export const firewall: OperationHandler = async ({ action, id, inputs }, { signal, progress }) => {
  if (action === "check") return check(inputs, signal);
  const { owner, ruleset } = firewallSchema.parse(inputs);
  const table = firewallTable(owner);
  const program = findNft();
  if (program === undefined) throw new Error(`firewall: ${noNft}`);
  const run = (args: readonly string[], input = ""): Promise<NftAnswer> => nft(program, args, input, signal);

  if (action === "read") {
    const found = read(id, await listing(run, table), String(inputs.fingerprint));
    // A refresh tells that something has changed, but not what.
    if (found.outputs?.drift !== undefined) progress(String(found.outputs.drift));
    return found;
  }
  if (action === "delete") {
    // Naming it first makes a table that is gone already no error.
    const answer = await run(["-f", "-"], `table inet ${table}\ndelete table inet ${table}\n`);
    if (!answer.ok) throw new Error(`firewall: the table ${table} was not removed: ${whyNot(answer.reason)}`);
    return {};
  }
  const answer = await run(["-f", "-"], ruleset);
  if (!answer.ok) throw new Error(`firewall: the rules of ${table} were not accepted: ${whyNot(answer.reason)}`);
  const listed = await listing(run, table);
  if (listed === undefined) throw new Error(`firewall: the table ${table} is not there after its rules were accepted`);
  return { id: table, outputs: { fingerprint: fingerprintOf(listed) } };
};

/** Puts the rules to the kernel without putting them in place: programs, rights and rules are looked at at once. */
async function check(inputs: Record<string, unknown>, signal: AbortSignal): Promise<OperationResult> {
  const refuse = (reason: string): OperationResult => ({ failures: [{ property: "firewall", reason }] });
  const program = findNft();
  if (program === undefined) return refuse(noNft);
  const known = firewallSchema.safeParse(inputs);
  // In a preview the rules may not be known yet: then only the rights are looked at.
  const answer = await nft(program, ["-c", "-f", "-"], known.success ? known.data.ruleset : probe, signal);
  return answer.ok ? { failures: [] } : refuse(whyNot(answer.reason));
}

const probe = "table inet hearth/probe\ndelete table inet hearth/probe\n";

/** Gone: the resource is no more, and the next `up` makes it. Changed: the next `up` puts the rules in place again. */
function read(id: string, listed: string | undefined, fingerprint: string): OperationResult {
  if (listed === undefined) return { id: "" };
  const found = fingerprintOf(listed);
  if (found === fingerprint) return { id, outputs: { fingerprint } };
  return { id, outputs: { fingerprint, drift: `the rules in table inet ${id} were changed by somebody else` } };
}

/** The table as nft lists it, without counters; undefined when there is none. */
async function listing(
  run: (args: readonly string[]) => Promise<NftAnswer>,
  table: string,
): Promise<string | undefined> {
  const answer = await run(["-s", "list", "table", "inet", table]);
  if (answer.ok) return answer.stdout;
  if (answer.reason.includes("No such file or directory")) return undefined;
  throw new Error(`firewall: the table ${table} cannot be looked at: ${whyNot(answer.reason)}`);
}

function fingerprintOf(listed: string): string {
  return createHash("sha256").update(listed).digest("hex");
}

function whyNot(reason: string): string {
  if (/not permitted|permission denied|must be root/i.test(reason)) {
    return `this user may not change packet filters (${reason}): run Pulumi as root, or ${byHand}`;
  }
  if (/not supported|Protocol not available/i.test(reason)) {
    return `this kernel has no nftables for what is needed (${reason}): use firewall: "print" and its ufw or DOCKER-USER commands`;
  }
  return reason;
}
