// Debian's packages without installing them here: folders and images of any release, by mmdebstrap.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { aptInstall } from "./apt.mjs";
import { findProgram } from "./paths.mjs";
import { runQuietly, StepError, step } from "./step.mjs";

/** Why Debian's packages cannot be unpacked here, or undefined. */
export function whyNoDebian() {
  if (process.platform !== "linux") return "this is not Linux";
  if (!/^ID=debian$/m.test(readOsRelease())) return "this is not Debian";
  if (process.getuid?.() !== 0) return "only root may make Debian's root file systems";
  return undefined;
}

/** The release's number: 12, 13. */
export function debianVersion() {
  return Number(/^VERSION_ID="?(\d+)/m.exec(readOsRelease())?.[1] ?? 0);
}

function readOsRelease() {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}

/** Installs programs that are not on the PATH: `{ runc: "runc" }`, each with its package. */
export async function need(programs) {
  const missing = Object.keys(programs).filter((name) => !findProgram(name));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => programs[name]))];
  const why = `for tests on Docker; no ${missing.join(", ")} on the PATH`;
  await step(`installing ${packages.join(" and ")} with apt-get`, why, () => aptInstall(packages, { sudo: false }));
}

/**
 * Starts mmdebstrap with a release's packages out of the archive that this machine uses itself. `target` is a folder,
 * or `-`: then `stdout` is a tar file. `done` rejects with what it said.
 */
export async function debianRoot(suite, packages, target, options) {
  await need({ mmdebstrap: "mmdebstrap" });
  const list = `deb ${await archive()} ${suite} main`;
  // The tests that run meanwhile come first.
  const args = [
    "-n",
    "10",
    "mmdebstrap",
    "--quiet",
    ...options,
    `--include=${packages.join(",")}`,
    suite,
    target,
    list,
  ];
  // The same tar for the same packages.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", SOURCE_DATE_EPOCH: "1700000000" };
  const child = spawn("nice", args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const late = setTimeout(() => child.kill("SIGTERM"), 600_000);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const done = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(late);
      if (code === 0) resolve();
      else
        reject(
          new StepError(`mmdebstrap ${suite} failed (${code}):\n${said.trim().split("\n").slice(-15).join("\n")}`),
        );
    });
  });
  return { stdout: child.stdout, done };
}

/** The first archive of main packages in this machine's sources that is not the one of security updates. */
async function archive() {
  const format = "$(REPO_URI)|$(COMPONENT)";
  const told = await runQuietly("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], {
    deadlineSeconds: 30,
  });
  const repositories = told.split("\n").map((line) => line.split("|"));
  const [uri] = repositories.find(([uri, component]) => component === "main" && !uri.includes("security")) ?? [];
  if (!uri) throw new StepError("no archive with the component main in this machine's apt sources");
  return uri;
}
