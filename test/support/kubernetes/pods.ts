import { PassThrough } from "node:stream";
import { Exec, KubeConfig } from "@kubernetes/client-node";
import { type ImageName, uniqueName } from "../docker.ts";
import { images, kubernetes } from "../kubernetes.ts";
import type { Place } from "../reach.ts";
import { until } from "../wait.ts";
import type { KubeObject } from "./api.ts";

/** What a command in a container printed, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly text: string;
}

/** A pod that does nothing, allowed by Pod Security `restricted`: a place to run commands from, with these labels. */
export async function startPod(
  namespace: string,
  { labels = {}, image = "redis" }: { labels?: Record<string, string>; image?: ImageName } = {},
): Promise<string> {
  const name = uniqueName("pod");
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65534, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "main",
          image: images[image],
          imagePullPolicy: "IfNotPresent",
          command: ["sleep", "infinity"],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  };
  await kubernetes().apply(pod, "hearth-test");
  await until(`pod ${name} runs`, async () => (await kubernetes().get(pod))?.status?.phase === "Running", 60_000);
  return name;
}

/** A pod of the image `node` as a place to try ports from. */
export function placeIn(namespace: string, pod: string): Place {
  return {
    node: "node",
    run: async (program, args, input = "") => {
      const { code, text } = await runIn(namespace, pod, [program, ...args], { stdin: input });
      if (code !== 0) throw new Error(`${program} in ${pod} ended with ${code}: ${text}`);
      return text;
    },
  };
}

/** Runs a command in a container, its only one where none is named. */
export async function runIn(
  namespace: string,
  pod: string,
  command: readonly string[],
  { container = "", stdin }: { container?: string; stdin?: string } = {},
): Promise<Ran> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const out = new PassThrough();
  let text = "";
  out.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const input = stdin === undefined ? null : new PassThrough();
  input?.end(stdin);
  return new Promise((resolve, reject) => {
    new Exec(config)
      .exec(namespace, pod, container, [...command], out, out, input, false, ({ status, details }) => {
        const code = details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
        resolve({ code: status === "Success" ? 0 : Number(code ?? 1), text });
      })
      .then((socket) => socket.on("error", reject), reject);
  });
}
