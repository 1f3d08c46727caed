import { labelMap, type Resource, removed } from "./resource.ts";
import type { NetworkInputs } from "./shapes.ts";

/** `docker.Network`. */
export const network: Resource<NetworkInputs> = {
  async create(docker, inputs) {
    const { name = "", driver = "bridge", internal, attachable, ipv6, options, labels, ipamConfigs } = inputs;
    const made = await docker.createNetwork({
      Name: name,
      Driver: driver,
      CheckDuplicate: true,
      Internal: internal ?? false,
      Attachable: attachable ?? false,
      EnableIPv6: ipv6 ?? false,
      Options: options ?? {},
      Labels: labelMap(labels),
      ...(ipamConfigs && { IPAM: { Driver: "default", Config: ipamConfigs.map(ipamConfig) } }),
    });
    return made.id;
  },
  async read(docker, id) {
    const found = await docker.getNetwork(id).inspect();
    return {
      name: found.Name,
      driver: found.Driver,
      internal: found.Internal,
      attachable: found.Attachable,
      ipv6: found.EnableIPv6,
      scope: found.Scope,
      options: found.Options ?? {},
      ipamConfigs: (found.IPAM?.Config ?? []).map(({ Subnet, Gateway, IPRange }) => ({
        ...(Subnet && { subnet: Subnet }),
        ...(Gateway && { gateway: Gateway }),
        ...(IPRange && { ipRange: IPRange }),
      })),
    };
  },
  async update() {},
  async delete(docker, id) {
    await removed(() => docker.getNetwork(id).remove());
  },
};

function ipamConfig(config: NonNullable<NetworkInputs["ipamConfigs"]>[number]) {
  return {
    ...(config.subnet && { Subnet: config.subnet }),
    ...(config.gateway && { Gateway: config.gateway }),
    ...(config.ipRange && { IPRange: config.ipRange }),
    ...(config.auxAddress && { AuxiliaryAddresses: config.auxAddress }),
  };
}
