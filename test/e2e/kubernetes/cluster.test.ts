import { createServer } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { uniqueName } from "../../support/docker.ts";
import { testLabel } from "../../support/docker-leftovers.ts";
import type { KubeObject } from "../../support/kubernetes/api.ts";
import { removeLeftNamespaces } from "../../support/kubernetes/leftovers.ts";
import { complaintsAbout } from "../../support/kubernetes/manifests.ts";
import { runIn, startPod } from "../../support/kubernetes/pods.ts";
import { images, kubernetes, kubernetesTest, makeNamespace, ownCluster } from "../../support/kubernetes.ts";
import { freePorts } from "../../support/ports.ts";
import { until } from "../../support/wait.ts";

/** What tests of deployments rely on in whatever cluster they run; on the one-node cluster we made it ourselves. */
kubernetesTest("the cluster of the tests", (namespace) => {
  let stranger: string;
  let client: string;

  const make = (object: Omit<KubeObject, "metadata"> & { metadata: { name: string } }) =>
    kubernetes().apply({ ...object, metadata: { ...object.metadata, namespace } } as KubeObject, "hearth-test");
  const cli = (pod: string, ...args: string[]) => runIn(namespace, pod, ["timeout", "2", "redis-cli", ...args]);
  const pong = async (pod: string, port = "6379") => (await cli(pod, "-h", "redis", "-p", port, "ping")).text.trim();

  beforeAll(async () => {
    await make(set(images.redis));
    const ports = [
      { name: "redis", port: 6379 },
      { name: "other", port: 6380 },
    ];
    await make({ apiVersion: "v1", kind: "Service", metadata: { name: "redis" }, spec: { selector: labels, ports } });
    [stranger, client] = await Promise.all([startPod(namespace), startPod(namespace, { labels: { client: "yes" } })]);
    await until("Redis answers by the Service's name", async () => (await pong(client)) === "PONG", 60_000);
  });

  it("lets all pods reach each other by the names of Services, where no policy says otherwise", async () => {
    expect(await pong(stranger)).toBe("PONG");
    expect(await pong(stranger, "6380")).toBe("PONG");
  });

  it("enforces a NetworkPolicy: other pods reach no port, clients the one that it names", async () => {
    await make(policy);
    await until("the policy is enforced", async () => (await pong(stranger)) !== "PONG");
    expect(await pong(stranger, "6380")).not.toBe("PONG");
    expect(await pong(client)).toBe("PONG");
    expect(await pong(client, "6380")).not.toBe("PONG");
  });

  it("enforces rules of what leaves a pod, by port, with DNS allowed", async () => {
    await make(egress);
    await until("the policy is enforced", async () => (await pong(client)) !== "PONG");
    // The name is resolved still, and it is the connection that does not come about.
    expect((await runIn(namespace, client, ["getent", "hosts", "redis"])).code).toBe(0);
    await kubernetes().delete({ ...egress, metadata: { ...egress.metadata, namespace } } as KubeObject);
    await until("the policy is gone", async () => (await pong(client)) === "PONG");
  });

  it("keeps a pod's volume while its claim is there, owned by the pod's group", async () => {
    await runIn(namespace, "redis-0", ["redis-cli", "set", "kept", "yes"]);
    await runIn(namespace, "redis-0", ["redis-cli", "save"]);
    const pod: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: { name: "redis-0", namespace } };
    const before = await kubernetes().get(pod);
    await kubernetes().delete(pod);
    await until("another pod of this name", async () => {
      const found = await kubernetes().get(pod);
      return found !== undefined && found.metadata.uid !== before?.metadata.uid && (await pong(client)) === "PONG";
    });
    expect((await cli(client, "-h", "redis", "get", "kept")).text.trim()).toBe("yes");
    expect((await runIn(namespace, "redis-0", ["stat", "-c", "%g", "/data"])).text.trim()).toBe("999");
  });

  it("tells the exit code of a command in a pod, and takes what it reads", async () => {
    expect(await runIn(namespace, stranger, ["sh", "-c", "cat; exit 3"], { stdin: "read" })).toEqual({
      code: 3,
      text: "read",
    });
  });

  it("has something against manifests with unknown fields, and pods that may do too much", async () => {
    const { spec } = set(images.redis);
    const free = { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, securityContext: {} } } };
    expect(await complaintsAbout([set(images.redis), policy as KubeObject], namespace)).toEqual([]);
    expect((await complaintsAbout([{ ...set(images.redis), spec: free }], namespace)).join("\n")).toMatch(
      /StatefulSet redis: .*violates PodSecurity "restricted/,
    );
    const unknown = { ...policy, spec: { ...policy.spec, ingres: [] } } as KubeObject;
    expect((await complaintsAbout([unknown], namespace)).join("\n")).toContain(
      ".spec.ingres: field not declared in schema",
    );
  });

  describe.skipIf(!ownCluster)("of one node, on this machine", () => {
    it("lets this machine be reached from pods, where a test's PostgreSQL may listen", async () => {
      const port = await freePorts(1);
      const server = createServer((socket) => socket.end("+PONG\r\n")).listen(port, "0.0.0.0");
      try {
        const { text } = await cli(stranger, "-h", ownCluster?.host ?? "", "-p", String(port), "ping");
        expect(text).toContain("PONG");
      } finally {
        server.close();
      }
    });

    it("removes the namespace of a test that was killed, and no other", async () => {
      const left = uniqueName("hearth-test");
      await makeNamespace(left, { [testLabel]: "999999999" });
      await removeLeftNamespaces(0);
      const find = (name: string) => kubernetes().get({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      await until("the namespace is gone", async () => (await find(left)) === undefined);
      expect((await find(namespace))?.status).toEqual({ phase: "Active" });
    });

    it("removes a volume with its claim", async () => {
      const volumes = async () =>
        (await kubernetes().request<{ items: KubeObject[] }>("GET", "/api/v1/persistentvolumes")).body.items.filter(
          ({ spec }) => (spec?.claimRef as { namespace: string } | undefined)?.namespace === namespace,
        );
      expect(await volumes()).toHaveLength(1);
      await kubernetes().delete({ ...set(images.redis), metadata: { name: "redis", namespace } });
      await kubernetes().delete({
        ...{ apiVersion: "v1", kind: "PersistentVolumeClaim" },
        metadata: { name: "data-redis-0", namespace },
      });
      await until("the volume is gone", async () => (await volumes()).length === 0, 60_000);
    });
  });
});

const labels = { app: "redis" };

function set(image: string) {
  const command = [
    "sh",
    "-c",
    "redis-server --port 6380 --protected-mode no & exec redis-server --dir /data --protected-mode no",
  ];
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "redis" },
    spec: {
      serviceName: "redis",
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 1,
          securityContext: {
            ...{ runAsNonRoot: true, runAsUser: 999, runAsGroup: 999, fsGroup: 999 },
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              ...{ name: "redis", image, imagePullPolicy: "IfNotPresent", command },
              ports: [{ name: "redis", containerPort: 6379 }],
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
              readinessProbe: { exec: { command: ["redis-cli", "ping"] }, periodSeconds: 1 },
              volumeMounts: [{ name: "data", mountPath: "/data" }],
            },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "16Mi" } } },
        },
      ],
    },
  };
}

const policy = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "redis" },
  spec: {
    podSelector: { matchLabels: labels },
    policyTypes: ["Ingress"],
    ingress: [{ from: [{ podSelector: { matchLabels: { client: "yes" } } }], ports: [{ port: "redis" }] }],
  },
};

const egress = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "client" },
  spec: {
    podSelector: { matchLabels: { client: "yes" } },
    policyTypes: ["Egress"],
    egress: [
      {
        ports: [
          { port: 53, protocol: "UDP" },
          { port: 53, protocol: "TCP" },
        ],
      },
    ],
  },
};
