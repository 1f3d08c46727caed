import dns, { type LookupAddress, type LookupOptions } from "node:dns";
import { connect, isIP } from "node:net";
import { kubernetes } from "../kubernetes.ts";
import { until } from "../wait.ts";
import type { KubeObject } from "./api.ts";

/** What a name of a Service ends with, as pods write it. */
const ofService = /\.svc(\.cluster\.local)?$/;
type Found = (error: NodeJS.ErrnoException | null, address?: string | LookupAddress[], family?: number) => void;

/**
 * Has this process find Services by their names, as a pod does: it asks the cluster's own DNS. So a test connects by the
 * outputs as they are, with certificates for these names, like an application in the cluster.
 *
 * @throws where this machine does not reach the cluster's Services
 */
export async function resolveServices(): Promise<void> {
  if (patched) return;
  const service: KubeObject = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kube-dns", namespace: "kube-system" },
  };
  const address = String((await kubernetes().get(service))?.spec?.clusterIP);
  if (isIP(address) === 0) throw new Error("the cluster has no Service kube-dns in kube-system");
  await until(`an answer of the cluster's DNS at ${address}`, () => answers(address), 5000).catch(() => {
    throw new Error(
      `this machine does not reach the Services of the cluster (${address}:53): give it a route to them, as minikube tunnel does, or for kind: ip route add <the Services' range> via <the address of a node's container>`,
    );
  });
  const resolver = new dns.Resolver({ timeout: 2000, tries: 2 });
  resolver.setServers([address]);
  const otherwise = dns.lookup;
  const lookup = (name: string, options: LookupOptions | number | Found, done: Found = options as Found): void => {
    if (!ofService.test(name)) {
      (otherwise as (...args: unknown[]) => void)(name, options, done);
      return;
    }
    const all = typeof options === "object" && options.all === true;
    resolver.resolve4(name.replace(ofService, ".svc.cluster.local"), (error, addresses) => {
      if (error) done(error);
      else if (all)
        done(
          null,
          addresses.map((found) => ({ address: found, family: 4 })),
        );
      else done(null, addresses[0], 4);
    });
  };
  patched = true;
  // Every connection of Node looks this up when it is made.
  (dns as { lookup: unknown }).lookup = lookup;
}
let patched = false;

function answers(host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 53, timeout: 1000 });
    socket.on("connect", () => resolve(true)).on("error", reject);
    socket.on("timeout", () => reject(new Error("no answer")));
    socket.on("connect", () => socket.destroy()).on("timeout", () => socket.destroy());
  });
}
