/** A program of one resource: what the settings of the machine are to a topology, without the topology. */
import { HostTuning } from "../../../../infra/operations/host-tuning.ts";
import { hostNeeds } from "../../../../infra/plan/host.ts";
import { planStandalone } from "../../../../infra/plan/topology.ts";
import { Config } from "../../../../infra/pulumi.ts";

const config = new Config("hearth");
const tuning = new HostTuning("cache-tuning", {
  name: "cache",
  mode: config.require("mode") === "apply" ? "apply" : "check",
  directory: config.require("directory"),
  needs: hostNeeds(planStandalone("cache", { memory: config.get("memory") })),
});

export const risks = tuning.report.apply(({ findings }) => findings.filter(({ level }) => level === "risk").length);
export const applied = tuning.applied;
