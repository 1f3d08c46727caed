import { freeSubnet, images } from "./docker.ts";

/** Files that a container may have open here: an engine that itself runs in a container may not allow the default. */
export const openFiles = "10000";

/** Configuration of a stack on the tests' engine, with the tests' images and a subnet that nobody has. */
export async function dockerConfig(): Promise<Record<string, string>> {
  const { subnet } = await freeSubnet();
  return { target: "docker", image: images.redis, exporterImage: images.exporter, subnet, openFiles };
}
