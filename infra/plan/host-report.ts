import type { HostMode, HostReport } from "../../contract/host.ts";

/** What is not as it should be about the machine, one line each, with what mends it. */
export function formatHostReport({ findings }: HostReport, mode: HostMode): string {
  const things = findings.length === 1 ? "1 thing" : `${findings.length} things`;
  const hint = mode === "check" ? '"apply" sets what it may, "off" says nothing' : '"off" says nothing';
  const lines = findings.map(
    ({ setting, found, wanted, why, fix }) => ` - ${setting}: ${found}, wanted ${wanted}: ${why}. Fix: ${fix}`,
  );
  return [`this machine has ${things} otherwise than Redis wants it (hostTuning: ${hint}):`, ...lines].join("\n");
}
