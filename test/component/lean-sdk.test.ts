import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a program prints as JSON that runs as `pulumi` runs infra/stack.ts: behind scripts/program.cjs. */
function printed(program: string): unknown {
  const args = ["--require", "hearth/program", "-e", `print(${program}); function print(it) { ${print} }`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
const print = "Promise.resolve(it).then((value) => console.log(JSON.stringify(value)))";

it("@pulumi/docker is loaded without TypeScript and the other things that nobody asks for", () => {
  const loaded = printed('(require("@pulumi/docker"), Object.keys(require.cache))') as string[];
  expect(loaded.some((file) => file.includes("@pulumi/docker/"))).toBe(true);
  const late = loaded.filter((file) => /node_modules\/(typescript|@npmcli\/arborist|.*automation)\//.test(file));
  expect(late).toEqual([]);
});

it("what is loaded late works as it does otherwise", () => {
  const used = `(async () => {
    const { runtime, automation } = require("@pulumi/pulumi");
    const answer = 42;
    const { text } = await runtime.serializeFunction(() => answer);
    const paths = await runtime.computeCodePaths();
    return [text, [...paths.keys()], typeof automation.LocalWorkspace.createStack];
  })()`;
  const [text, paths, createStack] = printed(used) as [string, string[], string];
  expect(text).toContain("answer: 42");
  expect(paths).toContain("node_modules/zod");
  expect(createStack).toBe("function");
});

it("a program can be traced", () => {
  const made = `(() => {
    const tracing = require("@pulumi/pulumi/cmd/run/tracing.js");
    tracing.start("http://127.0.0.1:1/api");
    const span = tracing.newSpan("one");
    const { traceId } = span.spanContext();
    return traceId;
  })()`;
  expect(printed(made)).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
});

it("a resource is said to be made on its own line, without the way there", () => {
  const made = `(() => {
    const { Resource } = require("@pulumi/pulumi");
    const construct = () => Resource.stackTrace(1);
    const program = () => construct();
    return program();
  })()`;
  expect(printed(made)).toEqual([{ uri: expect.stringMatching(/eval/), line: 3, column: expect.any(Number) }]);
});
