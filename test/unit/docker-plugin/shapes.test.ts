import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { type Kind, misfits, type Shape, shapes, updatable } from "../../support/docker-plugin/shapes.ts";
import { unknown } from "../../support/plugin-values.ts";

const sdk = dirname(createRequire(import.meta.url).resolve("@pulumi/docker/package.json"));

/** Properties of an interface of the SDK: the text of each type, `?` where it may be left out. */
function propertiesOf(file: string, name: string): Map<string, { text: string; optional: boolean }> {
  const source = ts.createSourceFile(file, readFileSync(join(sdk, file), "utf8"), ts.ScriptTarget.Latest, true);
  const found = source.statements.filter(ts.isInterfaceDeclaration).find((node) => node.name.text === name);
  if (!found) throw new Error(`no interface ${name} in ${file}`);
  const properties = found.members.filter(ts.isPropertySignature);
  return new Map(
    properties.map((node) => [
      node.name.getText(),
      { text: (node.type?.getText() ?? "").replace(/\s+/g, " "), optional: node.questionToken !== undefined },
    ]),
  );
}

/** What differs between a shape and an interface of the SDK. */
function disagreements(shape: { readonly [key: string]: Shape }, file: string, name: string): string[] {
  const properties = propertiesOf(file, name);
  return Object.entries(shape).flatMap(([key, inner]) => {
    const property = key.replace("!", "");
    const { text, optional } = properties.get(property) ?? { text: "nothing", optional: true };
    const path = `${name}.${property}`;
    if (optional === key.endsWith("!")) return [`${path} is ${optional ? "optional" : "required"} in the SDK`];
    const nested = /inputs\.(\w+)/.exec(text)?.[1];
    const item = Array.isArray(inner) ? inner[0] : inner;
    if (nested && typeof item === "object" && Array.isArray(inner) === text.includes("[]")) {
      return disagreements(item, "types/input.d.ts", nested);
    }
    const kind = typeof item === "object" ? "[key: string]: pulumi.Input<string>" : `pulumi.Input<${item}`;
    const fits = text.includes(kind) && Array.isArray(inner) === text.includes("[]");
    return fits ? [] : [`${path} is ${JSON.stringify(inner)} here, ${text} in the SDK`];
  });
}

const kinds: [Kind, string, string][] = [
  ["network", "network.d.ts", "NetworkArgs"],
  ["volume", "volume.d.ts", "VolumeArgs"],
  ["remoteImage", "remoteImage.d.ts", "RemoteImageArgs"],
  ["container", "container.d.ts", "ContainerArgs"],
];

describe.each(kinds)("the stand-in's %s", (kind, file, name) => {
  it("has the inputs of the SDK's types, of the same types", () => {
    expect(disagreements(shapes[kind], file, name)).toEqual([]);
  });

  it("refuses every input of the SDK that it does not have", () => {
    const served = Object.keys(shapes[kind]).map((key) => key.replace("!", ""));
    const others = [...propertiesOf(file, name).keys()].filter((key) => !served.includes(key));
    const given = Object.fromEntries(others.map((key) => [key, "anything"]));
    const refused = misfits({ name: "x", image: "x", ...given }, shapes[kind]).map(({ path }) => path);
    expect(refused.filter((path) => !["name", "image"].includes(path)).sort()).toEqual(others.sort());
  });

  it("changes in place only what it has", () => {
    const served = Object.keys(shapes[kind]);
    expect(updatable[kind].filter((key) => !served.includes(key))).toEqual([]);
  });
});

describe("inputs of the stand-in", () => {
  it("are refused by path, with what they must be", () => {
    const inputs = {
      image: 7,
      memory: "64",
      ports: [{ external: 1 }],
      mounts: { target: "/data" },
      healthcheck: { tests: ["CMD"], shell: "sh" },
      labels: [{ label: "a", value: 1 }],
      gpus: "all",
    };
    expect(misfits(inputs, shapes.container).map(({ path, reason }) => `${path} ${reason}`)).toEqual([
      "image must be a string, not 7",
      'memory must be a number, not "64"',
      "ports[0].internal is required",
      'mounts must be a list, not {"target":"/data"}',
      "healthcheck.shell is not served by the tests' stand-in",
      "labels[0].value must be a string, not 1",
      "gpus is not served by the tests' stand-in",
    ]);
  });

  it("fit while they are not known yet", () => {
    expect(misfits({ image: unknown, memory: unknown, ports: [{ internal: unknown }] }, shapes.container)).toEqual([]);
  });

  it("must be there", () => {
    expect(misfits({}, shapes.container)).toEqual([{ path: "image", reason: "is required" }]);
    expect(misfits({}, shapes.remoteImage)).toEqual([{ path: "name", reason: "is required" }]);
  });
});
