import fc from "fast-check";
import { expect, it } from "vitest";
import { countSlots, parseNodes, plannedRange, slotCount } from "../../../ops/cluster-view.ts";

it("reads CLUSTER NODES of Redis 6 and 7", () => {
  const text = [
    "07c3 127.0.0.1:30004@31004,name slave e7d1 0 1426238317239 4 connected",
    "67ed ::1:30002@31002 master - 0 1426238316232 2 connected 5461-10922 11000 [93-<-292f]",
    "e7d1 :0@0 myself,master,noaddr - 0 0 1 disconnected",
    "",
  ].join("\n");
  expect(parseNodes(text)).toEqual([
    expect.objectContaining({
      id: "07c3",
      address: { host: "127.0.0.1", port: 30004 },
      primaryId: "e7d1",
      linkUp: true,
      epoch: 4,
      slots: [],
    }),
    expect.objectContaining({
      address: { host: "::1", port: 30002 },
      primaryId: undefined,
      slots: [
        [5461, 10922],
        [11000, 11000],
      ],
    }),
    expect.objectContaining({
      address: { host: "", port: 0 },
      flags: new Set(["myself", "master", "noaddr"]),
      linkUp: false,
    }),
  ]);
});

it("gives every slot to exactly one shard, equally", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), (count) => {
      const ranges = Array.from({ length: count }, (_, index) => plannedRange(index, count));
      expect(ranges[0]?.[0]).toBe(0);
      expect(ranges.at(-1)?.[1]).toBe(slotCount - 1);
      for (const [index, [from]] of ranges.slice(1).entries()) expect(from).toBe((ranges[index]?.[1] ?? 0) + 1);
      const sizes = ranges.map((range) => countSlots([range]));
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});
