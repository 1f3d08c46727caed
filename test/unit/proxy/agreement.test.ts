import { expect, it } from "vitest";
import { agreement, type Opinion } from "../../../proxy/agreement.ts";

const old: Opinion = { primary: "cache-0 6379", epoch: 3, askedAt: 1000 };
const next: Opinion = { primary: "cache-1 6379", epoch: 4, askedAt: 1000 };
const at = (askedAt: number, opinion = old): Opinion => ({ ...opinion, askedAt });
const disagree = { why: "the sentinels do not agree" };

it.each<[string, (Opinion | undefined)[], unknown]>([
  ["all", [old, old, old], { primary: "cache-0 6379", until: 1500 }],
  ["most", [old, undefined, old], { primary: "cache-0 6379", until: 1500 }],
  ["one of three", [old, undefined, undefined], { why: "1 of 3 sentinels answer" }],
  ["two of four are not most of them", [old, old, undefined, undefined], { why: "2 of 4 sentinels answer" }],
  ["one that knows of a later failover", [old, next, old], disagree],
  ["most know of it", [next, old, next], { primary: "cache-1 6379", until: 1500 }],
  ["one that was away over a failover", [next, next, old], { primary: "cache-1 6379", until: 1500 }],
  ["two of one failover", [{ ...next, primary: "cache-2 6379" }, next, next], disagree],
  ["what was said long ago", [at(599), at(599), old], { why: "1 of 3 sentinels answer" }],
  ["until the second newest is old", [at(900), at(800), at(700)], { primary: "cache-0 6379", until: 1300 }],
])("%s", (_, opinions, expected) => {
  expect(agreement(opinions, 1099, 500)).toEqual(expected);
});
