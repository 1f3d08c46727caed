/** One of each type that the stand-in for the Docker provider serves, as Hearth uses them. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config("hearth");
const name = config.require("name");
const labels = [{ label: "hearth.test", value: name }];
const host = config.get("dockerHost");
const provider = host ? { provider: new docker.Provider("engine", { host }) } : {};

const image = new docker.RemoteImage("image", { name: config.require("image"), keepLocally: true }, provider);
const network = new docker.Network(
  "network",
  { name, labels, ipamConfigs: [{ subnet: config.require("subnet") }] },
  provider,
);
const volume = new docker.Volume("volume", { name, labels }, provider);
const started = config.getBoolean("start") ?? true;
const container = new docker.Container(
  "node",
  {
    name,
    labels,
    image: image.imageId,
    start: started,
    mustRun: started,
    entrypoints: ["sh", "-c", 'exec "$(command -v redis-server || command -v valkey-server)" "$@"', "redis"],
    command: ["--dir", "/data", "--bind", config.require("address"), "127.0.0.1", "--protected-mode", "no"],
    user: "999:999",
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges"],
    ulimits: [{ name: "nofile", soft: 16384, hard: 16384 }],
    restart: config.get("restart") ?? "unless-stopped",
    memory: config.getNumber("memory") ?? 64,
    memorySwap: config.getNumber("memory") ?? 64,
    logDriver: "json-file",
    logOpts: { "max-size": "1m", "max-file": "2" },
    sysctls: { "net.core.somaxconn": "1024" },
    tmpfs: { "/tmp": "size=1m" },
    mounts: [{ type: "volume", source: volume.name, target: "/data" }],
    networksAdvanced: [{ name: network.id, ipv4Address: config.require("address") }],
    ports: [{ internal: 6379, external: config.requireNumber("port"), ip: "127.0.0.1" }],
    healthcheck: { tests: ["CMD", "redis-cli", "ping"], interval: "1s", timeout: "3s", retries: 3 },
    wait: started,
    waitTimeout: 30,
    stopTimeout: 10,
    destroyGraceSeconds: 10,
    envs: config.getObject<string[]>("envs") ?? [],
    ...config.getObject<object>("more"),
  },
  provider,
);

export const containerId = container.id;
export const imageId = image.imageId;
export const mountpoint = volume.mountpoint;
export const networkDatas = container.networkDatas;
