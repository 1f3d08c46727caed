import { checkNetworks } from "./check-networks.ts";
import type { ArgumentChecker } from "./check-values.ts";
import { FirewallMode } from "./firewall.ts";

/** The arguments that `checkFirewall` looks at. */
export const firewallKeys = ["clients", "monitoring", "firewall"] as const;

/** Looks at who is to be let in, and how. Networks that it accepts are what `planFirewall` reads. */
export function checkFirewall(args: ArgumentChecker): void {
  const mode = args.choice("firewall", Object.values(FirewallMode), FirewallMode.Off);
  const clients = checkNetworks(args, "clients", '["10.0.0.0/24"]');
  checkNetworks(args, "monitoring", '["10.0.9.0/24"]');
  // There a NetworkPolicy lets them in.
  if (clients.length === 0 || args.value("target") === "kubernetes") return;
  if (mode === FirewallMode.Off && args.value("clients") !== undefined) {
    args.findings.warn(
      "clients",
      'is not enforced by anything: write firewall: "apply", or "print" and have the rules put in place',
    );
  }
  const bind = args.value("bind") ?? "127.0.0.1";
  if (
    typeof bind === "string" &&
    bind
      .trim()
      .split(/\s+/)
      .every((address) => /^127\.|^-?::1$/.test(address))
  ) {
    args.findings.warn(
      "clients",
      `cannot connect to servers that listen on ${bind} only: write an address of this machine's network into bind`,
    );
  }
}
