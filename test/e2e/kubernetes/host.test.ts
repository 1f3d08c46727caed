import { afterAll, beforeAll, expect, it } from "vitest";
import { images, kubernetes, kubernetesTest } from "../../support/kubernetes.ts";
import { TestStack } from "../../support/stack.ts";
import { kubernetesTarget } from "../conformance/kubernetes.ts";
import { answerOf } from "../docker/runner-lab.ts";

const minutes = 60_000;

kubernetesTest(
  "what a cluster must offer to a stack",
  (namespace) => {
    let stack: TestStack;
    beforeAll(async () => {
      const config = {
        ...(await kubernetesTarget.config()),
        runnerImage: images.node,
        exporters: "false",
        warm: "off",
      };
      stack = await new TestStack({ ...config, topology: "standalone", memory: "32mb", namespace }).init();
    });
    afterAll(() => stack.end(), 3 * minutes);
    const pods = async () =>
      (await kubernetes().list("v1", "Pod", namespace, "hearth.kind=redis")).map(({ metadata }) => metadata.uid);

    it("is told by its check, all at once", async () => {
      const inputs = {
        name: "cache",
        kubernetes: {},
        namespace: "nowhere",
        labels: {},
        storage: 1024 ** 3,
      };
      const check = (more: object, olds: object = {}) =>
        answerOf({ operation: "kubernetes-host", action: "check", inputs: { ...inputs, ...more }, olds });
      expect(await check({ storageClass: "fast" })).toMatchObject({
        result: {
          failures: [
            { property: "kubernetes.storageClass", reason: expect.stringMatching(/^"fast" is not in the cluster, /) },
          ],
        },
      });
      expect(await check({})).toMatchObject({ result: { failures: [] } });
      expect(await check({ storage: undefined }, inputs)).toMatchObject({
        result: {
          failures: [{ property: "kubernetes.storage", reason: expect.stringMatching(/^"1gb" became "none": /) }],
        },
      });
      const elsewhere = { kubeconfig: "/no/such/kubeconfig" };
      expect(await check({ kubernetes: elsewhere })).toMatchObject({
        result: { failures: [{ property: "kubernetes", reason: expect.stringContaining("/no/such/kubeconfig") }] },
      });
    });

    it(
      "refuses in the preview what is not there, and another size of volumes",
      async () => {
        stack.set({ storageClass: "fast" });
        expect(await stack.previewFails()).toContain('"fast" is not in the cluster');
        stack.set({ storageClass: undefined });
        await stack.up();
        stack.set({ storage: "2gb" });
        expect(await stack.previewFails()).toContain('"1gb" became "2gb": claims stay as they were made');
        stack.set({ storage: "1gb" });
      },
      5 * minutes,
    );

    it(
      "is taken away when the last pod has gone, so that it may be deployed again at once",
      async () => {
        const [before] = await pods();
        await stack.destroy();
        expect(await pods()).toEqual([]);
        await stack.up();
        const [after] = await pods();
        expect(after).toBeDefined();
        expect(after).not.toBe(before);
      },
      8 * minutes,
    );
  },
  ["redis", "node"],
);
