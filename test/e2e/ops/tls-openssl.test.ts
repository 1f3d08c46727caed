import { execFile } from "node:child_process";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { judge, type Outcome } from "../../support/attacks.ts";
import { type Certificate, makeAuthority, type TestAuthority } from "../../support/certificates.ts";
import { freePorts, host, Lab, password } from "./lab.ts";

// What openssl, which knows nothing of Hearth, is answered by servers that Hearth started.
const lab = new Lab();
let authority: TestAuthority;
let other: TestAuthority;
let client: Certificate;
let open = 0;
let mutual = 0;
let expired = 0;

/** What `openssl s_client` says, and what the server sent, after a PING. */
function talk(port: number, ...options: string[]): Promise<string> {
  return new Promise((resolve) => {
    const args = ["s_client", "-connect", `${host}:${port}`, "-verify_ip", host, "-verify_return_error", ...options];
    const child = execFile("openssl", args, { timeout: 10_000 }, (_error, stdout, stderr) => resolve(stdout + stderr));
    // It waits for the server to close: QUIT makes it.
    child.stdin?.on("error", () => {});
    child.stdin?.write(`AUTH ${"x".repeat(3)}\r\nQUIT\r\n`);
  });
}

/** Counted among the attacks: whether Redis itself answered. */
function expectReached(promised: Outcome, said: string): void {
  const attempt = `TLS: ${expect.getState().currentTestName}`;
  judge(attempt, promised, /WRONGPASS|NOAUTH|PONG/.test(said) ? "allowed" : "refused");
}

/** What a server answers to who speaks plain text, as far as it can be read. */
function talkPlainly(port: number): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(port, host, () => socket.write("PING\r\nQUIT\r\n"));
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on("data", (data) => {
      heard += data.toString("latin1");
    });
    socket.on("error", () => {}); // the end of the connection is the answer
    socket.on("close", () => resolve(heard));
  });
}

beforeAll(async () => {
  [authority, other] = await Promise.all([makeAuthority("Own CA"), makeAuthority("Another CA")]);
  client = await authority.issue("client", { hosts: [], usage: "client" });
  const old = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2020-02-01T00:00:00Z") };
  const [server, late] = await Promise.all([authority.issue("server"), authority.issue("late", old)]);
  [open = 0, mutual = 0, expired = 0] = await freePorts(3);
  const { ca } = authority;
  const tls = { ca, cert: client.cert, key: client.key };
  const serverTls = { ca, cert: server.cert, key: server.key };
  const plain = { password, secretDirectives: {} };
  await lab.start(lab.node("open", open, { ...plain, tls: { ca }, serverTls: { ...serverTls, authClients: "no" } }));
  const asking = { ...plain, tls, serverTls: { ...serverTls, authClients: "yes" } };
  await lab.start(lab.node("mutual", mutual, asking));
  // Started well, and given a certificate that has expired: started with it, it would be taken for one that failed.
  const node = lab.node("expired", expired, { ...plain, tls: { ca }, serverTls: { ...serverTls, authClients: "no" } });
  await lab.start(node);
  const { redisProcess } = await import("../../../ops/redis-process.ts");
  const inputs = { ...node, serverTls: { ca, cert: late.cert, key: late.key, authClients: "no" } };
  await expect(lab.run(redisProcess, "update", inputs, { olds: node, deadlineMs: 3000 })).rejects.toThrow(
    /certificate has expired/,
  );
});
afterAll(async () => {
  await lab.close();
  await Promise.all([authority?.remove(), other?.remove()]);
});

describe("a server that speaks TLS", () => {
  it("answers who trusts its authority, by TLS 1.2 and 1.3, with forward secrecy", async () => {
    for (const version of ["-tls1_2", "-tls1_3"]) {
      const said = await talk(open, "-CAfile", authority.caFile, version);
      expect(said).toContain("Verification: OK");
      expectReached("allowed", said);
    }
    expect(await talk(open, "-CAfile", authority.caFile, "-tls1_2")).toMatch(/Cipher is ECDHE-ECDSA-/);
  });

  it("refuses plain text", async () => {
    for (const port of [open, mutual]) expectReached("refused", await talkPlainly(port));
  });

  it("is not trusted by who trusts another authority", async () => {
    const said = await talk(open, "-CAfile", other.caFile);
    expect(said).toMatch(/verify error:num=19:self-signed certificate in certificate chain/);
    expectReached("refused", said);
  });

  it("is not trusted by another address", async () => {
    const said = await talk(open, "-CAfile", authority.caFile, "-verify_ip", "10.9.9.9");
    expect(said).toMatch(/verify error:num=64:IP address mismatch/);
    expectReached("refused", said);
  });

  it.each([["-tls1"], ["-tls1_1"]])("refuses %s", async (version) => {
    // Else this machine's own openssl would refuse to ask.
    const said = await talk(open, "-CAfile", authority.caFile, version, "-cipher", "ALL:@SECLEVEL=0");
    expect(said).toMatch(/alert protocol version/);
    expectReached("refused", said);
  });

  it.each([["AES128-GCM-SHA256"], ["ECDHE-ECDSA-AES128-SHA"], ["NULL"]])("refuses the cipher %s", async (cipher) => {
    const said = await talk(open, "-CAfile", authority.caFile, "-tls1_2", "-cipher", `${cipher}:@SECLEVEL=0`);
    expect(said).toMatch(/alert handshake failure/);
    expectReached("refused", said);
  });

  it("is not trusted when its certificate has expired", async () => {
    const said = await talk(expired, "-CAfile", authority.caFile);
    expect(said).toMatch(/verify error:num=10:certificate has expired/);
    expectReached("refused", said);
  });
});

describe("a server that asks for certificates", () => {
  const trusting = () => ["-CAfile", authority.caFile];

  it("answers who shows one of its authority", async () => {
    const said = await talk(mutual, ...trusting(), "-cert", client.certFile, "-key", client.keyFile);
    expectReached("allowed", said);
  });

  it("refuses who shows none", async () => {
    const said = await talk(mutual, ...trusting());
    expect(said).toMatch(/alert certificate required/);
    expectReached("refused", said);
  });

  it("refuses who shows one of another authority, one that has expired, and one for servers only", async () => {
    const stranger = await other.issue("stranger", { hosts: [], usage: "client" });
    const old = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2020-02-01T00:00:00Z") };
    const late = await authority.issue("late-client", { hosts: [], usage: "client", ...old });
    const server = await authority.issue("server-only", { usage: "server" });
    const alerts = [/alert unknown ca/, /alert certificate expired/, /alert (unsupported certificate|bad certificate)/];
    for (const [index, { certFile, keyFile }] of [stranger, late, server].entries()) {
      const said = await talk(mutual, ...trusting(), "-cert", certFile, "-key", keyFile);
      expect(said).toMatch(alerts[index] as RegExp);
      expectReached("refused", said);
    }
  });
});
