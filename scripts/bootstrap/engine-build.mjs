// The Pulumi engine built from the Go module registry. `go install module@version` refuses modules with replace
// directives, so each program has a small module of ours around it, with the checksums of all that goes in.
import { chmodSync, copyFileSync, cpSync, mkdirSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.mjs";
import { runQuietly } from "./step.mjs";

/** The newest engine whose parts are all to be had as Go modules. */
export const builtVersion = "3.200.0";

const module = "github.com/pulumi/pulumi";
const deadlineSeconds = 1800;

/** Builds the engine, its Node language host and the launcher of dynamic providers into `folder`/bin. */
export async function buildEngine(folder) {
  const bin = path.join(folder, "bin");
  mkdirSync(bin);
  // Built from copies: go may write into a module's folder, and the repository stays as it is.
  cpSync(path.join(root, "scripts", "engine"), path.join(folder, "source"), { recursive: true });
  const cli = path.join(folder, "source", "cli");
  // Without the version, `pulumi version` is empty and Pulumi's Automation API refuses the engine.
  const version = `-X ${module}/sdk/v3/go/common/version.Version=v${builtVersion}`;
  await go(cli, [
    "build",
    "-ldflags",
    `-s -w ${version}`,
    "-o",
    path.join(bin, "pulumi"),
    `${module}/pkg/v3/cmd/pulumi`,
  ]);
  await go(path.join(folder, "source", "language-nodejs"), [
    "build",
    "-ldflags",
    "-s -w",
    "-o",
    path.join(bin, "pulumi-language-nodejs"),
    `${module}/sdk/v3/nodejs/cmd/pulumi-language-nodejs`,
  ]);
  const sdk = (await go(cli, ["list", "-m", "-f", "{{.Dir}}", `${module}/sdk/v3`])).trim();
  const launcher = path.join(bin, "pulumi-resource-pulumi-nodejs");
  copyFileSync(path.join(sdk, "nodejs", "dist", "pulumi-resource-pulumi-nodejs"), launcher);
  chmodSync(launcher, 0o755);
}

function go(cwd, args) {
  // The user's own GOFLAGS and workspace are meant for other code; without cgo no C compiler is needed.
  const env = { ...process.env, GOFLAGS: "-mod=readonly -buildvcs=false -trimpath", GOWORK: "off", CGO_ENABLED: "0" };
  return runQuietly("go", args, { cwd, env, deadlineSeconds });
}
