import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { nodeOf } from "../../../ops/local-node.ts";
import { LocalNodeHost } from "../../../ops/local-node-host.ts";
import { nodeFiles } from "../../../ops/node-files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hearth-acl-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const rules = [
  "user default on #0a1b ~* &* +@all",
  "user app on #0a1b ~app:* ~&odd resetchannels &news &app:* -@all +get",
];

/** The ACL file that a server of this version is given. */
async function written(acl: string[], version?: string): Promise<string> {
  const node = nodeOf({
    ...{ name: "n", host: "127.0.0.1", port: 17_000, kind: "redis", role: "primary", shard: 0, password: "secret" },
    ...{ directory: folder, directives: {}, secretDirectives: {}, acl },
  });
  await new LocalNodeHost(node).writeFiles(nodeFiles(node, { config: undefined, version }));
  expect(statSync(join(folder, "users.acl")).mode & 0o777).toBe(0o600);
  return readFileSync(join(folder, "users.acl"), "utf8");
}

it.each(["6.2.0", "6.2.14", "7.0.15", "8.2.1", "10.0.0", undefined])(
  "gives Redis %s the rules as they are",
  async (version) => {
    expect(await written(rules, version)).toBe(`${rules.join("\n")}\n`);
  },
);

it.each(["6.0.0", "6.0.16", "6.1.240"])("gives Redis %s, which knows no rules for channels, none", async (version) => {
  expect(await written(rules, version)).toBe(
    "user default on #0a1b ~* +@all\nuser app on #0a1b ~app:* ~&odd -@all +get\n",
  );
});

it("refuses control characters: a line break would be another user", async () => {
  await expect(written(["user default on #0a1b ~* +@all\nuser other on nopass +@all"])).rejects.toThrow(
    "acl: control characters are not allowed in a line of the ACL",
  );
});
