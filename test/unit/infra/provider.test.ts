import { describe, expect, it } from "vitest";
import { provider } from "../../../infra/operations/provider.ts";

const shim = provider();
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("what the provider takes for a change", () => {
  const olds = { operation: "redis-process", directory: "a", port: 1, directives: { hz: "10", save: ["1 2"] }, pid: 7 };
  const news = { operation: "redis-process", directory: "a", port: 1, directives: { save: ["1 2"], hz: "10" } };

  it.each([
    ["nothing, whatever the order of the keys", olds, news, { changes: false, replaces: [] }],
    ["another provider text alone", { ...olds, __provider: "old" }, { ...news, __provider: "new" }, { changes: false }],
    ["a value within", olds, { ...news, directives: { hz: "20", save: ["1 2"] } }, { changes: true, replaces: [] }],
    ["a value that is gone within", olds, { ...news, directives: { hz: "10" } }, { changes: true }],
    ["a list that grew", olds, { ...news, directives: { hz: "10", save: ["1 2", "3 4"] } }, { changes: true }],
    ["a value that is not known yet", olds, { ...news, port: unknown }, { changes: true }],
    ["a drift that refresh saw", { ...olds, drift: "not answering" }, news, { changes: true, replaces: [] }],
    ["another folder: another resource", olds, { ...news, directory: "b" }, { changes: true, replaces: ["directory"] }],
  ])("%s", async (_, before, after, expected) => {
    expect(await shim.diff("id", before, after)).toMatchObject(expected);
  });
});

describe("the text of the provider", () => {
  it("runs alone, as it does from the state of a stack", async () => {
    const exports: { handler?: typeof provider } = {};
    new Function("exports", "process", `exports.handler = ${provider};`)(exports, process);
    const first = await exports.handler?.().create({ operation: "password" });
    const second = await exports.handler?.().create({ operation: "password" });
    expect(first?.outs.value).toMatch(/^[\w-]{43}$/);
    expect(second?.outs.value).not.toBe(first?.outs.value);
  });

  it("names no folder of this machine", () => {
    expect(String(provider)).not.toContain(process.cwd());
  });
});

describe("a password", () => {
  it("stays what it is in update and refresh", async () => {
    const state = { operation: "password", value: "kept" };
    expect(await shim.update("password", state, { operation: "password" })).toEqual({ outs: state });
    expect(await shim.read("password", state)).toEqual({ id: "password", props: state });
  });
});
