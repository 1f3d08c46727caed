// Writes infra/plan/directives/known.ts, the directives that real servers know:
//   node scripts/directives.mjs <path of redis-server> [<path> ...]
// Each is started in a folder of its own and asked CONFIG GET *, then every directive is set to the value that it has:
// what the server accepts can be changed while it runs. Several builds of one version (6.2.5 and 6.2.14) count as one.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const programs = process.argv.slice(2);
if (programs.length === 0) {
  console.error("usage: node scripts/directives.mjs <path of redis-server> [<path> ...], one of each version");
  process.exit(1);
}

const servers = [];
for (const [index, program] of programs.entries()) {
  const server = await inspect(resolve(program), 17_900 + index);
  const changeable = [...server.directives.values()].filter(Boolean).length;
  console.log(`${server.version}: ${server.directives.size} directives, ${changeable} of them while it runs`);
  servers.push(server);
}
const target = resolve(import.meta.dirname, "../infra/plan/directives/known.ts");
writeFileSync(target, moduleOf(servers));
console.log(`${target} written`);

/** What one program knows: its version, and of each directive whether it can be changed while the server runs. */
async function inspect(program, port) {
  const folder = mkdtempSync(join(tmpdir(), "hearth-directives-"));
  const config = join(folder, "redis.conf");
  // From Redis 7 on some directives are protected from CONFIG SET unless this allows it; before, nothing is.
  const text = `bind 127.0.0.1\nport ${port}\ndir ${folder}\nlogfile ${folder}/log\nsave ""\n`;
  writeFileSync(config, text);
  const child = spawn(program, [config], { cwd: folder, stdio: "ignore" });
  try {
    const ask = await open(port);
    const version = /redis_version:(\d+\.\d+)/.exec(await ask("INFO", "server"))[1];
    const list = pairs(await ask("CONFIG", "GET", "*"));
    const directives = new Map();
    for (const [name, value] of list) directives.set(name, (await ask("CONFIG", "SET", name, value)) === "OK");
    return { version, directives };
  } finally {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

function pairs(list) {
  const found = list.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), list[index + 1]]] : []));
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A connection: command in, reply (text, list of texts, or the error's text) out. */
async function open(port) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const up = await new Promise((done) => socket.once("connect", () => done(true)).once("error", () => done(false)));
    if (up) return asker(socket);
    if (Date.now() > deadline) throw new Error(`no server answers on port ${port}`);
  }
}

function asker(socket) {
  let received = Buffer.alloc(0);
  let waiting;
  socket.on("data", (data) => {
    received = Buffer.concat([received, data]);
    const read = readReply(received, 0);
    if (read === undefined || waiting === undefined) return;
    received = received.subarray(read.end);
    waiting(read.value);
  });
  socket.on("error", () => {}); // the server is killed at the end
  return (...words) => {
    const lines = words.flatMap((word) => [`$${Buffer.byteLength(word)}`, word]);
    socket.write(`${[`*${words.length}`, ...lines].join("\r\n")}\r\n`);
    return new Promise((done) => {
      waiting = done;
    });
  };
}

function readReply(buffer, at) {
  const eol = buffer.indexOf("\r\n", at);
  if (eol < 0) return undefined;
  const line = buffer.toString("utf8", at + 1, eol);
  const kind = String.fromCharCode(buffer[at]);
  if (kind === "$") {
    const end = eol + 2 + Number(line) + 2;
    return buffer.length < end ? undefined : { value: buffer.toString("utf8", eol + 2, end - 2), end };
  }
  if (kind !== "*") return { value: line, end: eol + 2 };
  const value = [];
  let end = eol + 2;
  for (let count = Number(line); count > 0; count--) {
    const item = readReply(buffer, end);
    if (item === undefined) return undefined;
    value.push(item.value);
    end = item.end;
  }
  return { value, end };
}

function moduleOf(all) {
  const number = (version) => version.split(".").reduce((sum, part) => sum * 1000 + Number(part), 0);
  const versions = [...new Set(all.map(({ version }) => version))].sort((a, b) => number(a) - number(b));
  const names = [...new Set(all.flatMap(({ directives }) => [...directives.keys()]))].sort();
  const entries = names.map((name) => {
    const knowing = (test) =>
      versions.filter((version) => all.some((one) => one.version === version && test(one.directives.get(name))));
    const known = knowing((live) => live !== undefined);
    const live = knowing((changeable) => changeable === true);
    const gap = versions.slice(versions.indexOf(known[0]), versions.indexOf(known.at(-1)) + 1).length !== known.length;
    // Directives of TLS depend on how a server was built, those of modules on what was loaded.
    if (gap && !name.startsWith("tls-")) throw new Error(`${name} is in ${known.join(", ")}: not without gaps`);
    const fields = [
      ...(known[0] === versions[0] ? [] : [`since: "${known[0]}"`]),
      ...(known.at(-1) === versions.at(-1) ? [] : [`until: "${known.at(-1)}"`]),
      ...(live.length === 0 ? [] : [`live: "${live[0]}"`]),
    ];
    const key = /^[a-z]+$/.test(name) ? name : `"${name}"`;
    return `  ${key}: ${fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`},`;
  });
  return [
    "// Written by scripts/directives.mjs from CONFIG GET * of real servers: do not edit.",
    'import type { KnownDirective } from "./directives.ts";',
    "",
    "/** The versions of Redis that were asked. */",
    `export const knownVersions = [${versions.map((version) => `"${version}"`).join(", ")}] as const;`,
    "",
    "/** Every directive that one of them shows. */",
    "export const knownDirectives: Readonly<Record<string, KnownDirective>> = {",
    ...entries,
    "};",
    "",
  ].join("\n");
}
