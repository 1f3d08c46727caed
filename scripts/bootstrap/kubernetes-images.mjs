// Images for the one-node cluster, which pulls none: what Docker has by these names, and two of our own making.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { StepError, step } from "./step.mjs";

/** By this label containerd's copy tells which of Docker's images it is. */
const label = "hearth.image";
const address = ["-a", "/run/containerd/containerd.sock", "-n", "k8s.io"];

/** Brings Docker's images of these names into the cluster whose first process is `pid`, where it has others or none. */
export async function importImages(pid, bin, names) {
  const { default: Docker } = await import("dockerode");
  const docker = new Docker();
  for (const name of names) {
    const { Id } = await docker.getImage(name).inspect();
    await imported(pid, bin, name, Id, async () => docker.getImage(name).get());
  }
}

/** The images of the cluster's own pods, each one program. */
export async function importOwn(pid, bin) {
  for (const program of ["pause", "coredns"]) {
    const content = readFileSync(path.join(bin, program));
    const id = createHash("sha256").update(content).digest("hex");
    await imported(pid, bin, `localhost/${program}:1`, id, () => archive(`localhost/${program}:1`, program, content));
  }
}

async function imported(pid, bin, name, id, open) {
  const full = name.startsWith("localhost/") ? name : `docker.io/${name.includes("/") ? "" : "library/"}${name}`;
  const listed = await ctr(pid, bin, ["images", "ls", `name==${full}`]);
  if (listed.includes(`${label}=${id}`)) return;
  await step(`importing ${name} into the cluster`, "for tests", async () => {
    await ctr(pid, bin, ["images", "import", "-"], await open());
    await ctr(pid, bin, ["images", "label", full, `${label}=${id}`]);
  });
}

/** Runs containerd's client in the cluster's namespace, and returns what it prints. */
async function ctr(pid, bin, args, input = Readable.from([])) {
  const command = ["--target", String(pid), "--mount", path.join(bin, "ctr"), ...address, ...args];
  const child = spawn("nsenter", command, { stdio: "pipe" });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
  }
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const sent = pipeline(input, child.stdin).catch((error) => error); // it may have ended before the last byte
  const [code] = await Promise.all([ended, sent]);
  if (code !== 0) throw new StepError(`ctr ${args.join(" ")} ended with exit code ${code}: ${said.trim()}`);
  return said;
}

/** An image of one program, as `docker save` writes it. */
async function archive(name, program, content) {
  const { pack } = (await import("tar-stream")).default;
  const layer = pack();
  layer.entry({ name: "tmp", type: "directory", mode: 0o1777 });
  layer.entry({ name: program, mode: 0o755 }, content);
  layer.finalize();
  const parts = [];
  for await (const part of layer) parts.push(part);
  const bytes = Buffer.concat(parts);
  const digest = createHash("sha256").update(bytes).digest("hex");
  const config = JSON.stringify({
    architecture: { x64: "amd64", arm64: "arm64" }[process.arch] ?? process.arch,
    os: "linux",
    config: { Entrypoint: [`/${program}`] },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
  });
  const configName = `${createHash("sha256").update(config).digest("hex")}.json`;
  const image = pack();
  image.entry({ name: "layer.tar" }, bytes);
  image.entry({ name: configName }, config);
  image.entry(
    { name: "manifest.json" },
    JSON.stringify([{ Config: configName, RepoTags: [name], Layers: ["layer.tar"] }]),
  );
  image.finalize();
  return Readable.from(image);
}
