import { type HostFinding, type HostReport, type HostTuningInputs, hostTuningSchema } from "../../contract/host.ts";
import type { OperationContext, OperationHandler, OperationResult } from "../../contract/operation.ts";
import { fromProject } from "../project-folder.ts";
import { inspectRedis } from "../redis-binary.ts";
import { applySettings, releaseSettings, type Unfit, unfitSettings } from "./apply.ts";
import { inspectMachine } from "./machine.ts";
import { type HostRoots, thisMachine } from "./roots.ts";
import { seenNow } from "./seen.ts";
import { fixOf, isSysctl, kernelSettings, wantedText } from "./settings.ts";
import { sizeFindings, versionFindings, whyTooLarge } from "./sizes.ts";

/**
 * Looks at the settings and the size of this machine: `check` reports all that is not as Redis wants it, and refuses
 * only what cannot fit. With mode `apply`, `create` and `update` set what they may, and `delete` puts it back.
 */
export const hostTuning: OperationHandler = hostTuningOn(thisMachine);

/** The same, for a machine whose files are elsewhere. */
export function hostTuningOn(roots: HostRoots): OperationHandler {
  return async ({ action, id, inputs, olds }, context) => {
    if (action === "read") return { id };
    const parsed = hostTuningSchema.safeParse(inputs);
    if (action === "check") return parsed.success ? check(parsed.data, Object.keys(olds).length === 0, roots) : {};
    const tuning = parsed.success ? parsed.data : hostTuningSchema.parse(inputs);
    if (action === "delete") return release(tuning, roots, context);
    if (tuning.mode === "apply") return apply(tuning, roots, context);
    await release(tuning, roots, context); // it may have been "apply" before
    const before = tuning.report ?? (await look(tuning, false, roots));
    return {
      id: "host-tuning",
      outputs: { applied: {}, report: { findings: again(before, tuning, roots), toSet: {} } },
    };
  };
}

/** What a preview shows, and what the update then says: looked at once for both. */
async function check(tuning: HostTuningInputs, isNew: boolean, roots: HostRoots): Promise<OperationResult> {
  const tooLarge = whyTooLarge(tuning.needs, inspectMachine(roots));
  const failures = tooLarge === undefined ? [] : [{ property: "memory", reason: tooLarge }];
  return { failures, outputs: { seen: seenNow(roots), report: await look(tuning, isNew, roots) } };
}

async function look({ needs, mode, directory }: HostTuningInputs, isNew: boolean, roots: HostRoots) {
  const redis = await inspectRedis();
  const unfit = unfitSettings(needs, roots);
  const settable = mode === "apply" ? unfit.filter(({ obstacle }) => obstacle === undefined) : [];
  const findings = [
    ...unfit.filter((one) => !settable.includes(one)).map((one) => findingOf(one, needs, mode)),
    ...sizeFindings(needs, inspectMachine(roots), fromProject(directory), isNew),
    ...("version" in redis ? versionFindings(redis.version) : []), // a missing one is refused by local-host
  ];
  const toSet = settable.map(({ setting, found }) => [setting.name, `${found} -> ${setting.value(needs)}`]);
  return { findings: byLevel(findings), toSet: Object.fromEntries(toSet) } satisfies HostReport;
}

function findingOf({ setting, found, obstacle }: Unfit, needs: HostTuningInputs["needs"], mode: string): HostFinding {
  const { name, level } = setting;
  const notPossible =
    obstacle === "read-only" ? "; it is read-only here and cannot be applied" : "; only root may apply it";
  const why = mode === "apply" && obstacle ? `${setting.why}${notPossible}` : setting.why;
  const readOnly = obstacle === "read-only";
  const finding = {
    setting: name,
    found,
    wanted: wantedText(setting, needs),
    why,
    fix: fixOf(setting, needs, readOnly),
  };
  return { ...finding, level, ...(isSysctl(name) && !readOnly && { sysctl: `${name}=${setting.value(needs)}` }) };
}

async function apply(tuning: HostTuningInputs, roots: HostRoots, context: OperationContext): Promise<OperationResult> {
  const { needs } = tuning;
  const before = tuning.report ?? (await look(tuning, false, roots));
  const { applied, failed } = await applySettings(needs, claimOf(tuning), roots, context);
  const unfit = unfitSettings(needs, roots);
  const done = Object.keys(before.toSet).filter((name) => unfit.every(({ setting }) => setting.name !== name));
  if (done.length > 0) context.progress(`set ${done.map((name) => `${name} ${before.toSet[name]}`).join(", ")}`);
  const toSet = Object.fromEntries(Object.entries(before.toSet).filter(([name]) => !done.includes(name)));
  return {
    id: "host-tuning",
    outputs: { applied, report: { findings: again(before, tuning, roots, failed), toSet } },
  };
}

/**
 * The findings, with the settings of the kernel as they are now. The rest is as the check saw it: amounts of memory and
 * disk change from moment to moment, and a difference would be an update for nothing.
 */
function again(
  { findings }: HostReport,
  { needs, mode }: HostTuningInputs,
  roots: HostRoots,
  failed: Readonly<Record<string, string>> = {},
): HostFinding[] {
  const kernel = unfitSettings(needs, roots).map((one) => findingOf(one, needs, mode));
  const others = findings.filter(({ setting }) => kernelSettings.every(({ name }) => name !== setting));
  const explained = kernel.map((finding) => {
    const problem = failed[finding.setting];
    return problem === undefined ? finding : { ...finding, why: `${finding.why}; ${problem}` };
  });
  return byLevel([...explained, ...others]);
}

async function release(
  tuning: HostTuningInputs,
  roots: HostRoots,
  context: OperationContext,
): Promise<OperationResult> {
  const { restored, failed } = await releaseSettings(claimOf(tuning), roots, context);
  const lines = [
    ...Object.entries(restored).map(([name, { before, set }]) => `${name} ${set} -> ${before}`),
    ...Object.entries(failed).map(([name, problem]) => `${name} stays as it is: ${problem}`),
  ];
  if (lines.length > 0) context.progress(`put back ${lines.join(", ")}`);
  return {};
}

/** A topology is named by the folder of its nodes: no two on one machine have the same. */
function claimOf({ directory }: HostTuningInputs): string {
  return fromProject(directory);
}

function byLevel(findings: readonly HostFinding[]): HostFinding[] {
  return [...findings].sort((a, b) => Number(b.level === "risk") - Number(a.level === "risk"));
}
