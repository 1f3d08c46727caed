import { afterAll, beforeAll, describe, it } from "vitest";
import type { Address } from "../../../contract/address.ts";
import type { TopologyName } from "../../../infra/plan/args.ts";
import { dataPromises, type Promised, sentinelPromises } from "../../../infra/plan/promises.ts";
import { type UserName, userNames } from "../../../infra/plan/secrets.ts";
import { dataUsers } from "../../../infra/plan/users.ts";
import { connect, withConnection } from "../../../ops/connect.ts";
import { judge, outcomeOf } from "../../support/attacks.ts";
import { freePorts } from "../../support/ports.ts";
import { TestStack } from "../../support/stack.ts";

/** Every promise of the README's table, tried as every user on every server that `pulumi up` deployed. */

const deployments: readonly [TopologyName, Record<string, string>, number][] = [
  ["standalone", {}, 1],
  ["sentinel", { replicas: "2" }, 3],
  ["cluster", {}, 6],
];

describe.each(deployments)("%s", (topology, config, count) => {
  let stack: TestStack;
  let passwords: Partial<Record<UserName, string>>;
  let data: Address[];
  let sentinels: Address[];

  beforeAll(async () => {
    const port = await freePorts(count, { bus: topology === "cluster" });
    const sentinelPort = await freePorts(3);
    const more: Record<string, string> = topology === "sentinel" ? { sentinelPort: `${sentinelPort}` } : {};
    stack = await new TestStack({ topology, port: `${port}`, warm: "off", ...config, ...more }).init();
    await stack.up();
    passwords = await stack.passwords();
    const { nodes } = await stack.outputs();
    data = nodes.filter(({ role }) => role !== "sentinel");
    sentinels = nodes.filter(({ role }) => role === "sentinel");
  });
  afterAll(() => stack.end());

  const users = dataUsers(topology, { keyPrefixes: [], scripts: false }).map(({ user }) => user);

  async function tryAll(address: Address, user: UserName, promises: readonly Promised[]): Promise<void> {
    const login = { username: user, password: passwords[user] };
    for (const { commands, users: allowed, topologies = [topology] } of promises) {
      if (!topologies.includes(topology)) continue;
      for (const [command = "", ...args] of commands) {
        const promised = allowed.includes(user) ? "allowed" : "refused";
        // A connection for each: some commands change what a connection is.
        const outcome = await withConnection(address, login, (connection) =>
          outcomeOf(connection.call(command, ...args)),
        );
        judge(`${user} on a ${topology} node: ${command} ${args.join(" ")}`, promised, outcome);
      }
    }
  }

  it.each(users)("%s may do on the data nodes what is promised, and nothing else", async (user) => {
    for (const address of [data[0], data.at(-1)]) if (address) await tryAll(address, user, dataPromises);
  });

  it.runIf(topology === "sentinel").each(userNames.filter((user) => user !== "replication"))(
    "%s may do on the sentinels what is promised, and nothing else",
    async (user) => {
      const [address] = sentinels;
      if (address) await tryAll(address, user, sentinelPromises);
    },
  );

  it("nobody is let in without a name, with another's password, or as default", async () => {
    for (const address of [...data, ...sentinels]) {
      const where = `port ${address.port} of ${topology}`;
      const stranger = await connect(address);
      for (const command of [
        ["PING"],
        ["GET", "k"],
        ["INFO"],
        ["CONFIG", "GET", "*"],
        ["SENTINEL", "MASTERS"],
      ] as const) {
        const [name, ...args] = command;
        const reply = stranger.call(name, ...args).catch((error: Error) => {
          // A data node knows no SENTINEL, and says so without looking whom it talks to.
          if (!/unknown command/.test(error.message)) throw error;
          throw new Error("NOAUTH, and no such command");
        });
        judge(`nobody at ${where}: ${command.join(" ")}`, "refused", await outcomeOf(reply));
      }
      stranger.close();
      const attempts = [
        { password: passwords.operator },
        { username: "default", password: passwords.operator },
        { username: "default", password: "" },
        { username: "operator", password: passwords.app },
        { username: "app", password: passwords.operator },
        { username: "root", password: passwords.operator },
      ];
      for (const login of attempts) {
        const attempt = connect(address, login).then((connection) => connection.close());
        judge(`${login.username ?? "no name"} with a wrong password at ${where}`, "refused", await outcomeOf(attempt));
      }
    }
  });
});

describe("keyPrefixes and scripts", () => {
  let stack: TestStack;
  let address: Address;
  let passwords: Partial<Record<UserName, string>>;
  beforeAll(async () => {
    const port = await freePorts(1);
    stack = await new TestStack({ port: `${port}`, warm: "off", keyPrefixes: "recipe:,a*b:", scripts: "true" }).init();
    await stack.up();
    passwords = await stack.passwords();
    address = { host: "127.0.0.1", port };
  });
  afterAll(() => stack.end());

  it.each<[UserName, string[], "allowed" | "refused"]>([
    ["app", ["SET", "recipe:1", "v"], "allowed"],
    ["app", ["GET", "recipe:1"], "allowed"],
    ["app", ["SET", "a*b:1", "v"], "allowed"],
    ["app", ["SET", "axb:1", "v"], "refused"],
    ["app", ["GET", "user:1"], "refused"],
    ["app", ["SET", "user:1", "v"], "refused"],
    ["app", ["RENAME", "recipe:1", "user:1"], "refused"],
    ["app", ["DEL", "hearth:lock:x"], "refused"],
    ["app", ["EVAL", "return redis.call('get', KEYS[1])", "1", "recipe:1"], "allowed"],
    ["app", ["EVAL", "return redis.call('get', KEYS[1])", "1", "user:1"], "refused"],
    ["app", ["EVAL", "return redis.call('get', 'user:1')", "0"], "refused"],
    ["app", ["EVAL", "return redis.call('flushall')", "0"], "refused"],
    ["app", ["SCRIPT", "FLUSH"], "refused"],
    ["readonly", ["GET", "recipe:1"], "allowed"],
    ["readonly", ["GET", "user:1"], "refused"],
    ["readonly", ["SET", "recipe:1", "v"], "refused"],
    ["readonly", ["EVAL", "return 1", "0"], "refused"],
    ["warmer", ["SET", "user:1", "v"], "allowed"],
  ])("%s: %j is %s", async (user, [command = "", ...args], promised) => {
    const login = { username: user, password: passwords[user] };
    const reply = withConnection(address, login, (connection) => connection.call(command, ...args));
    const refused = reply.catch((error: Error) => {
      // From within a script the refusal comes with the script's own words around it.
      throw /NOPERM|can't run this command|can't access|ACL failure/.test(error.message) ? new Error("NOPERM") : error;
    });
    judge(`${user}: ${command} ${args.join(" ")}`, promised, await outcomeOf(refused));
  });
});
