// Step of npm test alone: programs with which tests look at servers, networks and certificates from outside.
import { aptInstall } from "./apt.mjs";
import { findProgram } from "./paths.mjs";
import { step } from "./step.mjs";

/** Each program, and the package of Debian and Ubuntu that has it. */
const tools = {
  ...{ ip: "iproute2", nft: "nftables", iptables: "iptables", ufw: "ufw", openssl: "openssl" },
  "prometheus-redis-exporter": "prometheus-redis-exporter",
  ...{ prometheus: "prometheus", promtool: "prometheus" },
};

/**
 * Installs what is missing, where that needs no question: as root on Debian and Ubuntu, as CI is. Elsewhere, and where
 * it fails, the tests that need a program are skipped, by name and counted.
 */
export async function testTools() {
  const missing = Object.keys(tools).filter((name) => !findProgram(name));
  if (missing.length === 0) return;
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !findProgram("apt-get")) return;
  const packages = [...new Set(missing.map((name) => tools[name]))];
  try {
    const why = `for tests; no ${missing.join(", ")} on the PATH`;
    await step(`installing ${packages.join(" and ")} with apt-get`, why, () => aptInstall(packages, { sudo: false }));
  } catch (error) {
    console.error(`hearth: ${error.message}\nhearth: tests that need ${missing.join(", ")} are skipped`);
  }
}
