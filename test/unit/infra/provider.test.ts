import { describe, expect, it } from "vitest";
import { provider } from "../../../infra/operations/provider.ts";
import { providerText } from "../../../infra/operations/provider-text.ts";

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

describe("the run of the program that made a resource", () => {
  const asked = { operation: "passwords", users: ["app"], run: "this run" };
  const inputs = async (olds: object) => (await shim.check({ ...olds }, { ...asked })).inputs as typeof asked;

  it("is the present one for what is made now, and stays that of what is there", async () => {
    expect(await inputs({})).toEqual(asked);
    const made = (await shim.create(asked)).outs;
    expect(made.createdIn).toBe("this run");
    const kept = await inputs({ ...asked, run: "an earlier run" });
    expect(kept).toEqual({ ...asked, run: "an earlier run" });
    expect((await shim.diff("passwords", { ...made, run: "an earlier run" }, kept)).changes).toBe(false);
    const updated = await shim.update("passwords", { ...made }, { ...asked, run: "a later run" });
    expect(updated.outs.createdIn).toBe("this run");
  });

  it("is not known of what was made before it was noted, and changes nothing there", async () => {
    const { run: _, ...before } = asked;
    const kept = await inputs(before);
    expect(kept).toEqual(before);
    const state = { ...before, passwords: { app: "kept" }, previous: {} };
    expect((await shim.diff("passwords", state, kept)).changes).toBe(false);
    expect((await shim.update("passwords", state, kept)).outs).toEqual(state);
  });
});

describe("the text of the provider", () => {
  it("runs alone, as it does from the state of a stack", async () => {
    const exports: { handler?: typeof provider } = {};
    new Function("exports", "process", providerText)(exports, process);
    const inputs = { operation: "passwords", users: ["app", "operator"], given: {}, rotation: "" };
    const made = await exports.handler?.().create(inputs);
    const { app, operator } = (made?.outs.passwords ?? {}) as Record<string, string>;
    expect(app).toMatch(/^[\w-]{43}$/);
    expect(operator).toMatch(/^[\w-]{43}$/);
    expect(operator).not.toBe(app);
  });

  it("names no folder of this machine, and is short: Pulumi writes it a hundred times in an update", () => {
    expect(providerText).not.toContain(process.cwd());
    expect(providerText.length).toBeLessThan(600);
  });

  it("says when Hearth is not installed where the program is", () => {
    const exports: { handler?: typeof provider } = {};
    const elsewhere = { cwd: () => "/", getBuiltinModule: process.getBuiltinModule };
    new Function("exports", "process", providerText)(exports, elsewhere);
    expect(() => exports.handler?.()).toThrow('the package "hearth" is not installed in /: run npm install there');
  });
});

describe("passwords", () => {
  const inputs = { operation: "passwords", users: ["app", "operator"], given: { app: "mine" }, rotation: "" };
  const state = { ...inputs, passwords: { app: "mine", operator: "kept" }, previous: {} };
  const update = async (olds: object, news: object) => (await shim.update("passwords", { ...olds }, { ...news })).outs;

  it("stay what they are in update and refresh", async () => {
    expect(await update(state, inputs)).toEqual(state);
    expect(await shim.read("passwords", state)).toEqual({ id: "passwords", props: state });
    expect((await shim.diff("passwords", state, inputs)).changes).toBe(false);
  });

  it("that are replaced are kept for one update", async () => {
    const rotated = await update(state, { ...inputs, rotation: "2026-12" });
    expect(rotated).toMatchObject({ passwords: { app: "mine" }, previous: { operator: "kept" } });
    expect(JSON.stringify(rotated.passwords)).not.toContain("kept");
    expect((await shim.diff("passwords", rotated, { ...inputs, rotation: "2026-12" })).changes).toBe(true);
    const settled = await update(rotated, { ...inputs, rotation: "2026-12" });
    expect(settled).toEqual({ ...rotated, previous: {} });
    expect((await shim.diff("passwords", settled, { ...inputs, rotation: "2026-12" })).changes).toBe(false);
  });

  it("follow what is given", async () => {
    const changed = await update(state, { ...inputs, given: { app: "another" } });
    expect(changed).toMatchObject({ passwords: { app: "another", operator: "kept" }, previous: { app: "mine" } });
  });

  it("of a user that comes later are generated, and of one that goes are forgotten", async () => {
    const other = await update(state, { ...inputs, users: ["app", "sentinel"] });
    expect(Object.keys(other.passwords as object)).toEqual(["app", "sentinel"]);
    expect(other.previous).toEqual({});
  });
});

describe("a difference", () => {
  const tls = { ca: "an authority" };
  const diff = async (olds: object, news: object) => (await shim.diff("", { ...olds }, { ...news })).changes;

  it("is TLS that was switched on or off", async () => {
    expect(await diff({ port: 1 }, { port: 1, tls })).toBe(true);
    expect(await diff({ port: 1, tls }, { port: 1 })).toBe(true);
    expect(await diff({ port: 1, serverTls: tls }, { port: 1 })).toBe(true);
    expect(await diff({ port: 1, tls }, { port: 1, tls: { ...tls } })).toBe(false);
  });

  it("is a certificate that is due", async () => {
    const inputs = { operation: "certificates", name: "cache" };
    const at = (ms: number) => ({ ...inputs, renewAt: new Date(Date.now() + ms).toISOString() });
    expect(await diff(at(60_000), inputs)).toBe(false);
    expect(await diff(at(-1), inputs)).toBe(true);
  });
});
