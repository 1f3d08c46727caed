import { labelMap, type Resource, removed } from "./resource.ts";
import type { VolumeInputs } from "./shapes.ts";

/** `docker.Volume`. */
export const volume: Resource<VolumeInputs> = {
  async create(docker, { name = "", driver = "local", driverOpts, labels }) {
    await docker.createVolume({ Name: name, Driver: driver, DriverOpts: driverOpts ?? {}, Labels: labelMap(labels) });
    return name;
  },
  async read(docker, id) {
    const found = await docker.getVolume(id).inspect();
    return { name: found.Name, driver: found.Driver, mountpoint: found.Mountpoint };
  },
  async update() {},
  async delete(docker, id) {
    await removed(() => docker.getVolume(id).remove());
  },
};
