/**
 * Runs the operation host-tuning where it is started: in a namespace, with a limit, as another user. Stdin: roots, the
 * inputs, and actions one after the other; stdout: for each of them its result, and the settings as they then are.
 */
import { text } from "node:stream/consumers";
import { hostTuningOn } from "../../../ops/host/host-tuning.ts";
import { currentValue, kernelSettings } from "../../../ops/host/settings.ts";

const { roots, inputs, actions } = JSON.parse(await text(process.stdin));
const context = { signal: AbortSignal.timeout(30_000), progress: () => {} };
const steps = [];
for (const action of actions) {
  const request = { operation: "host-tuning", action, id: "", inputs, olds: {}, deadlineMs: 30_000 };
  const result = await hostTuningOn(roots)(request, context);
  steps.push({
    result,
    settings: Object.fromEntries(kernelSettings.map(({ name }) => [name, currentValue(name, roots)])),
  });
}
console.log(JSON.stringify(steps));
