import { formatAddress, isSameAddress } from "../contract/address.ts";
import type { ConnectionPool } from "./connect.ts";
import { namedByMajority, viewSentinel } from "./sentinel-view.ts";
import { type Findings, nameOf, type Topology } from "./topology.ts";

/** Exactly one primary, which all sentinels name; every replica's link to it up; every sentinel has its quorum. */
export async function sentinelReadiness(topology: Topology, pool: ConnectionPool): Promise<Findings> {
  const view = await viewSentinel(topology, pool);
  const problems = [...view.silent];
  const named = namedByMajority(topology, view);
  const primaries = view.data.filter((one) => one.isPrimary);
  if (!named) problems.push("no primary is named by the majority of the sentinels");
  if (primaries.length !== 1) {
    const who = primaries.map(({ member }) => nameOf(member)).join(", ") || "none";
    problems.push(`there must be exactly one primary; there is ${who}`);
  }
  for (const { member, primary, quorum } of view.sentinels) {
    if (named && !isSameAddress(primary, named)) {
      problems.push(
        `${nameOf(member)} names ${formatAddress(primary)} as the primary, most name ${formatAddress(named)}`,
      );
    }
    if (quorum !== undefined) problems.push(`${nameOf(member)}: ${quorum}`);
  }
  for (const { member, follows, linkUp } of view.data) {
    if (!follows) {
      if (named && !isSameAddress(member, named))
        problems.push(`${nameOf(member)} is a primary that the sentinels do not name`);
    } else if (named && !isSameAddress(follows, named)) {
      problems.push(`${nameOf(member)} follows ${formatAddress(follows)} instead of ${formatAddress(named)}`);
    } else if (!linkUp) problems.push(`the link of ${nameOf(member)} to its primary is down`);
  }
  const replicas = view.data.filter((one) => one.follows && one.linkUp).length;
  return { problems, primaries: named ? [named] : [], replicas };
}
