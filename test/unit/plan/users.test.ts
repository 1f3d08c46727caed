import { expect, it } from "vitest";
import { dataUsers, sentinelUsers } from "../../../infra/plan/users.ts";
import { sentinelCommands, validationCommands, warmerCommands } from "../../../warmer/commands.ts";

const rights = { keyPrefixes: [], scripts: false };
const rulesOf = (users: ReturnType<typeof dataUsers>, name: string) =>
  users.find(({ user }) => user === name)?.commands.map((rule) => rule.replace(/^\+/, "")) ?? [];

it("the warmer may send what it sends, and nothing else", () => {
  const rules = rulesOf(dataUsers("cluster", rights), "warmer").filter((rule) => rule !== "-@all");
  expect(rules.sort()).toEqual([...new Set([...warmerCommands, ...validationCommands])].sort());
});

it("everybody who warms or validates may ask the sentinels what it asks", () => {
  for (const user of ["warmer", "app", "readonly"]) {
    expect(rulesOf(sentinelUsers(), user)).toEqual(expect.arrayContaining([...sentinelCommands]));
  }
});

it("each topology has the users that it needs", () => {
  const names = (topology: Parameters<typeof dataUsers>[0]) => dataUsers(topology, rights).map(({ user }) => user);
  const clients = ["app", "readonly", "warmer", "exporter"];
  expect(names("standalone")).toEqual([...clients, "operator"]);
  expect(names("sentinel")).toEqual([...clients, "replication", "sentinel", "operator"]);
  expect(names("cluster")).toEqual([...clients, "replication", "operator"]);
});

it("a prefix stands for itself", () => {
  const [app] = dataUsers("standalone", { ...rights, keyPrefixes: ["recipe:", "a*[b]?\\"] });
  expect(app?.keys).toEqual(["recipe:*", "a\\*\\[b\\]\\?\\\\*"]);
});
