import { afterEach, beforeEach, expect, it } from "vitest";
import { provider } from "../../../infra/operations/provider.ts";
import { seenNow } from "../../../ops/host/seen.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { HostTree } from "../../support/host-tree.ts";

const shim = provider();
const news = { operation: "host-tuning", name: "cache", mode: "check", directory: "nodes" };
const report = { findings: [], toSet: {} };

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

it("the provider takes a machine that has not changed for what the tool saw, without the tool", async () => {
  const path = process.cwd();
  try {
    // No tool is found from there: asking it would fail.
    process.chdir(folder.path);
    const tree = new HostTree(folder.path);
    const seen = seenNow(tree.roots);
    const olds = { ...news, seen, report };
    expect(await shim.check(olds, news)).toEqual({ inputs: { ...news, seen, report }, failures: [] });
    tree.write("proc/sys/vm/swappiness", "60");
    await expect(shim.check(olds, news)).rejects.toThrow(/"hearth" is not installed/);
    const gone = { ...seen, files: [...seen.files, `${folder.path}/never-there`] };
    tree.write("proc/sys/vm/swappiness", "1");
    expect(await shim.check({ ...olds, seen: gone }, news)).toMatchObject({ failures: [] });
  } finally {
    process.chdir(path);
  }
});

it("what was seen is no change by itself; what was found is", async () => {
  const before = { ...news, seen: { files: [], digest: "a" }, report };
  const again = { ...news, seen: { files: [], digest: "b" }, report };
  expect(await shim.diff("id", before, again)).toMatchObject({ changes: false });
  const found = { ...again, report: { findings: [], toSet: { "vm.swappiness": "60 -> 1" } } };
  expect(await shim.diff("id", before, found)).toMatchObject({ changes: true, replaces: [] });
  expect(await shim.diff("id", before, { ...again, directory: "other" })).toMatchObject({ replaces: ["directory"] });
});
