import { isIP } from "node:net";
import { ArgumentChecker } from "./check-values.ts";
import { contains, formatNetwork, networkOf, parseAddress, parseNetwork } from "./cidr.ts";
import { type DockerArgs, dockerDefaults } from "./docker.ts";
import { isImageName, likelyImageName } from "./image-name.ts";
import { defaultPrefix, narrowest, type Occupants, prefixFor, widest } from "./subnet.ts";
import { show } from "./units.ts";

const dockerKeys: readonly (keyof Required<DockerArgs>)[] = [
  ...(["image", "exporterImage", "subnet", "publish", "host", "context", "certPath"] as const),
  ...(["user", "runner", "runnerImage", "openFiles"] as const),
];

// What means something on the machine that runs Pulumi only.
const localOnly: Readonly<Record<string, { readonly refused: (value: unknown) => boolean; readonly why: string }>> = {
  bind: {
    refused: (value) => value !== undefined,
    why: "is for the target local: each container binds the address that it has on its network; leave it out, and see docker.publish",
  },
  directory: {
    refused: (value) => value !== undefined,
    why: "is for the target local: containers keep their files in volumes; leave it out",
  },
  hostTuning: {
    refused: (value) => value === "apply",
    why: 'is for the target local: the engine may be on another machine; write "check" or "off", and tune that machine as docs/host.md says',
  },
  firewall: {
    refused: (value) => value === "apply",
    why: 'is for the target local: its rules do not cover published ports; write "print", and run its DOCKER-USER script on the engine\'s machine',
  },
};

/** Looks at the arguments of the target "docker", and at those that it cannot do. */
export function checkDocker(args: ArgumentChecker, occupants: Occupants): void {
  for (const [key, { refused, why }] of Object.entries(localOnly)) {
    if (refused(args.value(key))) args.refuse(key, `${show(args.value(key))} ${why}`);
  }
  const value = args.value("docker") ?? {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    args.refuse("docker", `${show(value)} is not a set of arguments: write { image: "${dockerDefaults.image}" }`);
    return;
  }
  const docker = new ArgumentChecker(value as Record<string, unknown>, args.findings, "docker.");
  docker.known("docker", dockerKeys, (key) =>
    key === "network" || key === "networkName"
      ? 'is made by Hearth: write its network as subnet: "10.201.0.0/24"'
      : undefined,
  );
  for (const key of ["image", "exporterImage", "runnerImage"] as const) checkImage(docker, key);
  checkSubnet(docker, occupants);
  checkPublish(docker, args);
  checkEngine(docker);
  checkUser(docker);
  docker.choice("runner", ["here", "container", "auto"], dockerDefaults.runner);
  docker.integer("openFiles", { min: 1024, max: 1_048_576, default: dockerDefaults.openFiles });
}

function checkImage(docker: ArgumentChecker, key: "image" | "exporterImage" | "runnerImage"): void {
  const image = docker.text(key);
  if (image === undefined || isImageName(image)) return;
  const meant = likelyImageName(image);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
  const allowed = `write a name with a tag or a digest, such as "${dockerDefaults[key]}"`;
  docker.refuse(key, `${show(image)} is not the name of an image: ${allowed}${hint}`);
}

const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(parseNetwork);
const example = "10.201.0";

function checkSubnet(docker: ArgumentChecker, occupants: Occupants): void {
  const needed = prefixFor(occupants);
  const count = (occupants.data + occupants.sentinels) * (occupants.exporters ? 2 : 1);
  if (needed === undefined) {
    docker.refuse("subnet", `has no room for ${count} containers, whatever it is: write fewer nodes`);
    return;
  }
  const subnet = docker.text("subnet");
  if (docker.findings.refused("docker.subnet")) return;
  const room = `${count} containers need /${needed} or wider, half of which Docker gives to others`;
  if (subnet === undefined) {
    if (needed < defaultPrefix)
      docker.refuse("subnet", `is missing: ${room}; write one such as "10.201.0.0/${needed}"`);
    return;
  }
  const problem = whyNoSubnet(subnet);
  if (problem !== undefined) docker.refuse("subnet", `${show(subnet)} ${problem}`);
  else if (parseNetwork(subnet).prefix > needed) {
    docker.refuse(
      "subnet",
      `${show(subnet)} is too narrow: ${room}; write "${formatNetwork(networkOf(parseNetwork(subnet), needed))}"`,
    );
  }
}

function whyNoSubnet(subnet: string): string | undefined {
  const write = `write a private IPv4 network of /${widest} to /${narrowest}, such as "${example}.0/24"`;
  const [address = "", length = "", ...rest] = subnet.split("/");
  const parsed = parseAddress(address);
  if (parsed?.family !== 4 || rest.length > 0 || !/^(0|[1-9]\d?)$/.test(length) || Number(length) > 32) {
    return `is not an IPv4 network: ${write}`;
  }
  const network = networkOf(parsed, Number(length));
  if (network.first !== parsed.first)
    return `has bits set behind its first ${length}: write "${formatNetwork(network)}"`;
  if (!privateNetworks.some((one) => contains(one, network))) {
    return `is not private, so that its addresses belong to others: ${write} (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16)`;
  }
  if (network.prefix < widest || network.prefix > narrowest) return `has the wrong size: ${write}`;
  return undefined;
}

function checkPublish(docker: ArgumentChecker, args: ArgumentChecker): void {
  const publish = docker.value("publish");
  if (publish === undefined || typeof publish === "boolean") return;
  if (typeof publish !== "string" || isIP(publish) !== 4) {
    const meant = { localhost: '"127.0.0.1"', "*": '"0.0.0.0"', true: "true", false: "false", "::1": '"127.0.0.1"' };
    const likely = meant[String(publish) as keyof typeof meant];
    const hint = likely === undefined ? "" : `; did you mean ${likely}?`;
    const allowed = "write true for 127.0.0.1, an IPv4 address of the engine's machine, or false";
    docker.refuse("publish", `${show(publish)} is not an address: ${allowed}${hint}`);
    return;
  }
  if (publish.startsWith("127.") || (args.value("tls") ?? "off") !== "off") return;
  args.findings.warn(
    "docker.publish",
    `${publish} can be reached from other machines, and what is sent is not encrypted: write true for 127.0.0.1, or ` +
      'tls "generated". The password is asked for in any case',
  );
}

function checkEngine(docker: ArgumentChecker): void {
  const host = docker.text("host");
  const schemes = ["unix://", "tcp://", "ssh://", "npipe://"];
  if (host !== undefined && !schemes.some((scheme) => host.startsWith(scheme) && host.length > scheme.length)) {
    const scheme = host.startsWith("/") ? "unix://" : /^[\w.-]+:\d+$/.test(host) ? "tcp://" : undefined;
    const hint = scheme === undefined ? "" : `; did you mean "${scheme}${host}"?`;
    docker.refuse("host", `${show(host)} is not where an engine is: write ${schemes.join("..., ")}...${hint}`);
  }
  const context = docker.text("context");
  if (context !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/.test(context)) {
    docker.refuse("context", `${show(context)} is not the name of a context: write one that docker context ls shows`);
  } else if (context !== undefined && host !== undefined) {
    docker.refuse("context", `${show(context)} and host ${show(host)} both say where the engine is: leave one out`);
  }
  if (docker.text("certPath") === "") docker.refuse("certPath", '"" is not a folder: write its path, or leave it out');
}

function checkUser(docker: ArgumentChecker): void {
  const user = docker.text("user");
  if (user === undefined || docker.findings.refused("docker.user")) return;
  const allowed = `write two numbers, user and group, such as "${dockerDefaults.user}"`;
  const ids = /^(\d{1,9}):(\d{1,9})$/.exec(user)?.slice(1).map(Number);
  if (ids === undefined) {
    const alone = /^[1-9]\d{0,8}$/.test(user) ? `; did you mean "${user}:${user}"?` : "";
    docker.refuse("user", `${show(user)} is not a numeric user: ${allowed}${alone}`);
  } else if (ids.includes(0)) {
    docker.refuse("user", `${show(user)} is root, as which no server runs: ${allowed}`);
  }
}
