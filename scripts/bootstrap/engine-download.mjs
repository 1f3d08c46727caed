// The official Pulumi engine, through the npm package `pulumi`: it runs Pulumi's own install script.
import { mkdirSync, renameSync } from "node:fs";
import path from "node:path";
import { pathOutside } from "./paths.mjs";
import { runQuietly } from "./step.mjs";

/** The version that is downloaded; the npm package has the same number. */
export const officialVersion = "3.265.0";

const site = "https://get.pulumi.com/install.sh";

/**
 * Why the download cannot work from here, or undefined. Asked first and with a short deadline: a network that drops
 * packets would otherwise hold the bootstrap for minutes.
 */
export async function unreachable() {
  try {
    const response = await fetch(site, { method: "HEAD", signal: AbortSignal.timeout(5_000) });
    return response.ok ? undefined : `${site} answers ${response.status}`;
  } catch (error) {
    return `get.pulumi.com cannot be reached: ${error.cause?.code ?? error.name}`;
  }
}

/** Downloads into `folder`/bin. */
export async function downloadEngine(folder) {
  const home = path.join(folder, "home");
  mkdirSync(home);
  // The package installs below PULUMI_HOME; one of our own keeps the user's ~/.pulumi as it is.
  await runQuietly("npx", ["--yes", `pulumi@${officialVersion}`, "version"], {
    cwd: folder,
    env: {
      ...process.env,
      PATH: pathOutside(),
      PULUMI_HOME: home,
      PULUMI_VERSION: officialVersion,
      PULUMI_SKIP_UPDATE_CHECK: "true",
    },
    deadlineSeconds: 600,
    lines: 3,
  });
  renameSync(path.join(home, "versions", officialVersion, "bin"), path.join(folder, "bin"));
}
