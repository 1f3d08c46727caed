import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueName } from "../../support/docker.ts";
import { objectsIn } from "../../support/kubernetes/objects.ts";
import { images, kubernetes, kubernetesTest } from "../../support/kubernetes.ts";
import { TestStack } from "../../support/stack.ts";

const repository = resolve(import.meta.dirname, "../../..");
const minutes = 60_000;

/** What stands for the application: it asks for the cache's keys as `app`, through the Service that leads to the primary. */
const ask = `while sleep 1; do
  { echo "AUTH app $(cat /cache/password)"; echo DBSIZE; } |
    redis-cli -h "$(cat /cache/host)" --tls --cacert /cache/ca.crt >/tmp/answer 2>&1
done`;

kubernetesTest("examples/kubernetes-application", () => {
  const namespace = uniqueName("hearth-test-shop");
  let folder: string;
  let stack: TestStack;

  beforeAll(async () => {
    // In the repository, where its packages are found; "hearth" is what lies there, not what was last built.
    mkdirSync(join(repository, ".hearth"), { recursive: true });
    folder = mkdtempSync(join(repository, ".hearth", "example-"));
    cpSync(join(repository, "examples", "kubernetes-application"), folder, { recursive: true });
    change("index.ts", /from "hearth"/, 'from "../../infra/index.ts"');
    // Of this project are the settings that a test's stack has.
    change("Pulumi.yaml", /^name: shop/, "name: hearth");
    const { redis: image, exporter: exporterImage, node: runnerImage, postgres: demoImage } = images;
    stack = await new TestStack(
      {
        ...{ target: "kubernetes", namespace, image },
        kubernetes: JSON.stringify({ image, exporterImage, runnerImage, demoImage, storage: "1gb" }),
        command: JSON.stringify(["sh", "-c", ask]),
        ready: JSON.stringify(["grep", "-Eq", "^[0-9]{4}$", "/tmp/answer"]),
      },
      folder,
    ).init();
  });
  afterAll(async () => {
    await stack.end();
    rmSync(folder, { recursive: true });
  }, 5 * minutes);

  function change(name: string, from: RegExp, to: string): void {
    const text = readFileSync(join(folder, name), "utf8");
    expect(text).toMatch(from);
    writeFileSync(join(folder, name), text.replace(from, to));
  }

  it(
    "the application starts when the cache is warm, and reaches it with what it was given",
    async () => {
      const said = await stack.up();
      expect((await stack.outputs()).report).toMatchObject({ ok: true, keys: 1820 });
      const made = (name: RegExp) => said.search(name);
      expect(made(/Warming warming-run created/)).toBeGreaterThan(0);
      expect(made(/Deployment web creating/)).toBeGreaterThan(made(/Warming warming-run created/));
      const pods = await kubernetes().list("v1", "Pod", namespace, "app=web");
      expect(pods).toHaveLength(2);
      expect(JSON.stringify(pods)).not.toContain((await stack.passwords()).app);
      await stack.destroy();
      expect(await objectsIn(namespace)).toEqual([]);
    },
    10 * minutes,
  );
}, ["redis", "exporter", "node", "postgres"]);
