// Step of the tests: Pulumi's provider plugin for Docker.
import { providerPlugin } from "./provider-plugin.mjs";

/** Makes the plugin ready. Returns which it is, for people. */
export function dockerPlugin() {
  return providerPlugin("docker");
}
