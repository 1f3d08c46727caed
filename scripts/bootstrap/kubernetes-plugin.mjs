// Step of the tests: Pulumi's provider plugin for Kubernetes.
import { providerPlugin } from "./provider-plugin.mjs";

/** Makes the plugin ready. Returns which it is, for people. */
export function kubernetesPlugin() {
  return providerPlugin("kubernetes");
}
