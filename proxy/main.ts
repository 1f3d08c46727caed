import { readFileSync } from "node:fs";
import type { PrimaryProxySettings } from "../contract/primary.ts";
import type { Access } from "./conversation.ts";
import { Forwarder } from "./forwarder.ts";
import { log } from "./log.ts";
import { Primary } from "./primary.ts";
import { serveProbes } from "./probes.ts";

// A proxy that leads to the primary of a Sentinel topology, and nowhere else. Its argument is the path of its settings.
// Without packages: it is one small file, that a ConfigMap holds.

const settings = JSON.parse(readFileSync(String(process.argv[2]), "utf8")) as PrimaryProxySettings;
const forwarder = new Forwarder(settings);
let ending = false;

function access(): Access {
  const { login, tls } = settings;
  const read = (path: string) => readFileSync(path, "utf8");
  return {
    user: login.user,
    password: read(login.passwordFile),
    ...(tls && {
      tls: { ca: read(tls.ca), ...(tls.cert && tls.key && { cert: read(tls.cert), key: read(tls.key) }) },
    }),
  };
}

async function end(signal: string): Promise<void> {
  if (ending) return;
  ending = true;
  log("ends", { signal, connections: forwarder.connections });
  await forwarder.leave();
  process.exit(0);
}

process.on("SIGTERM", end);
process.on("SIGINT", end);
serveProbes(settings.probes, () => (ending ? "it ends" : forwarder.why));
new Primary(settings, access, (primary, why) => forwarder.lead(primary, why));
