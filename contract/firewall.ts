import * as z from "zod";

/**
 * Who may reach which port, as data: what every rendering (nftables, ufw, DOCKER-USER, later a NetworkPolicy) is made
 * from. A port of the plan that a source is not listed for is closed to it; loopback is always let in, and ports that
 * are not in the plan are none of its business.
 */

/** What listens on a port. */
export const portPurposeSchema = z.enum(["data", "bus", "sentinel", "exporter", "application"]);
export type PortPurpose = z.infer<typeof portPurposeSchema>;

/** One port of one node, and the sources that may open connections to it. */
export const firewallRuleSchema = z.object({
  port: z.number().int().min(1).max(65535),
  /** Name of the node that listens: `cache-0`; of the topology for the application. */
  node: z.string(),
  purpose: portPurposeSchema,
  /**
   * Networks in canonical form: `10.0.0.0/24`, `10.0.0.7`, `2001:db8::/32`; IPv4 first, ascending, none within another
   * one, no loopback. Empty: only this machine itself.
   */
  from: z.array(z.string()),
});
export type FirewallRule = z.infer<typeof firewallRuleSchema>;

/** Who the rules belong to: `<project>/<stack>/<topology>`; the name of their table is made of it. */
export const firewallOwnerSchema = z.string().regex(/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+){0,2}$/);

/** The firewall of one topology. */
export const firewallPlanSchema = z.object({
  owner: firewallOwnerSchema,
  /** In the order of the nodes; a cluster node's bus behind its port; the exporters and the application last. */
  rules: z.array(firewallRuleSchema),
});
export type FirewallPlan = z.infer<typeof firewallPlanSchema>;

/** Inputs of the operation `firewall`: the nftables rules of one topology on this machine. */
export const firewallSchema = z.object({
  /** Name of the topology, for progress lines. */
  name: z.string(),
  owner: firewallOwnerSchema,
  /** What `nft -f` is given: replaces the table of `owner` as a whole, and names no other. */
  ruleset: z.string(),
});
