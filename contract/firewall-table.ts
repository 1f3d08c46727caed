// Apart from the schemas: previews need this name, and do not pay 20 ms for zod.

/** Name of the nftables table of a firewall: one for each topology, so that two of them share nothing. */
export function firewallTable(owner: string): string {
  return `hearth/${owner}`;
}
