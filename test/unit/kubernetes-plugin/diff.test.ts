import { describe, expect, it } from "vitest";
import { difference } from "../../support/kubernetes-plugin/diff.ts";
import { complaints, replacing } from "../../support/kubernetes-plugin/kinds.ts";

const urn = (type: string) => `urn:pulumi:dev::hearth::hearth:index:RedisCluster$kubernetes:${type}::cache`;
const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "n" } };

describe("difference", () => {
  it("compares what the server told of the old inputs, and nothing else of it", () => {
    const olds = { spec: { replicas: 1, template: { containers: [{ name: "redis" }] } } };
    const live = {
      spec: { replicas: 2, revisionHistoryLimit: 10, template: { containers: [{ name: "redis", tty: false }] } },
      status: { replicas: 2 },
    };
    expect(difference(live, olds, olds, [])).toEqual([{ path: "spec.replicas", change: "update", replaces: false }]);
  });

  it("finds what is added, taken away and of another length, by path", () => {
    const olds = { spec: { a: 1, list: [1, 2] } };
    const news = { spec: { b: 1, list: [1] } };
    expect(difference(olds, olds, news, [])).toEqual([
      { path: "spec.a", change: "delete", replaces: false },
      { path: "spec.list[1]", change: "delete", replaces: false },
      { path: "spec.b", change: "add", replaces: false },
    ]);
  });

  it("compares stringData with the data that the server made of it", () => {
    const live = { ...secret, data: { key: Buffer.from("one").toString("base64") } };
    const inputs = (key: string) => ({ ...secret, stringData: { key } });
    expect(difference(live, inputs("one"), inputs("one"), [])).toEqual([]);
    expect(difference(live, inputs("one"), inputs("two"), ["data"])).toEqual([
      { path: "data.key", change: "update", replaces: true },
    ]);
  });

  it("replaces for a property within a list that is fixed, and not for one that begins alike", () => {
    const olds = { spec: { selector: { a: "1" }, selectors: "1" } };
    const news = { spec: { selector: { a: "2" }, selectors: "2" } };
    expect(difference(olds, olds, news, ["spec.selector"])).toEqual([
      { path: "spec.selector.a", change: "update", replaces: true },
      { path: "spec.selectors", change: "update", replaces: false },
    ]);
  });
});

it.each([
  [false, undefined, true],
  [true, undefined, false],
  [true, true, true],
])("replaces a Secret for other data: mutable %s, immutable %s: %s", (mutable, immutable, wanted) => {
  const paths = replacing(urn("core/v1:Secret"), { ...secret, immutable }, { Secret: mutable, ConfigMap: false });
  expect(paths.includes("data")).toBe(wanted);
});

it("refuses types that it does not serve, and objects of another kind than their type", () => {
  expect(() => complaints(urn("core/v1:Pod"), {})).toThrow("does not serve kubernetes:core/v1:Pod");
  expect(complaints(urn("core/v1:ConfigMap"), secret)).toEqual([
    { property: "kind", reason: "core/v1:Secret in a resource of type core/v1:ConfigMap" },
  ]);
  expect(complaints(urn("core/v1:Secret"), secret)).toEqual([]);
});
