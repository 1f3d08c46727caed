import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Member } from "../../../contract/nodes.ts";
import type { UserName } from "../../../infra/plan/secrets.ts";
import { withConnection } from "../../../ops/connect.ts";
import { exported, whyNoExporter } from "../../support/exporter.ts";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";

/** The real redis_exporter as the user `exporter`: all figures are there, and nothing that it sends is refused. */

const everywhere = [
  "redis_up 1",
  'redis_exporter_last_scrape_error{err=""} 0',
  "redis_uptime_in_seconds ",
  "redis_memory_used_bytes ",
  "redis_connected_clients ",
];
const ofData = [
  ...[...everywhere, "redis_memory_max_bytes ", "redis_evicted_keys_total ", "redis_expired_keys_total "],
  ...["redis_keyspace_hits_total ", "redis_keyspace_misses_total ", "redis_commands_processed_total "],
  ...["redis_slowlog_length ", "redis_slowlog_last_id ", "redis_latency_", "redis_rdb_last_bgsave_status "],
  ...["redis_connected_slaves ", "redis_instance_info{", 'redis_commands_total{cmd="info"}'],
];
const ofSentinels = [
  ...["redis_up 1", "redis_sentinel_masters 1", "redis_sentinel_master_status{", "redis_sentinel_master_slaves{"],
  ...["redis_sentinel_master_sentinels{", "redis_sentinel_master_ok_slaves{", "redis_sentinel_master_ok_sentinels{"],
];

describe.skipIf(whyNoExporter)(`redis_exporter${whyNoExporter ? ` (skipped: ${whyNoExporter})` : ""}`, () => {
  describe.each([
    ["standalone", 1, []],
    ["sentinel", 3, []],
    ["cluster", 6, ["redis_cluster_state 1", "redis_cluster_slots_assigned 16384", "redis_cluster_known_nodes 6"]],
  ] as const)("%s", (topology, count, more) => {
    let stack: TestStack;
    let nodes: Member[];
    let passwords: Partial<Record<UserName, string>>;

    beforeAll(async () => {
      const port = await freePorts(count, { bus: topology === "cluster" });
      const sentinels: Record<string, string> =
        topology === "sentinel" ? { sentinelPort: `${await freePorts(3)}` } : {};
      stack = await new TestStack({ topology, port: `${port}`, warm: "off", ...sentinels }).init();
      await stack.up();
      passwords = await stack.passwords();
      ({ nodes } = await stack.outputs());
    });
    afterAll(() => stack?.end());

    it("reads all figures of every node, and is refused nothing", async () => {
      for (const node of nodes) {
        const login = { username: "exporter", password: passwords.exporter ?? "" };
        const metrics = await exported(node, login);
        for (const metric of node.role === "sentinel" ? ofSentinels : [...ofData, ...more]) {
          expect.soft(metrics.includes(`\n${metric}`), `${metric}of ${node.name}`).toBe(true);
        }
        const operator = { username: "operator", password: passwords.operator };
        const log = await withConnection(node, operator, (connection) => connection.call("ACL", "LOG"));
        expect.soft(JSON.stringify(log), node.name).toBe("[]");
      }
    });
  });
});
