// Step of the tests: images for the Docker engine. What the engine has by these names is taken as it is; else pulled,
// and where no registry can be reached, built of Debian's packages. Without the docker command.
import { createHash } from "node:crypto";
import { createReadStream, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { debianRoot, whyNoDebian } from "./debian.mjs";
import { alone } from "./own-lock.mjs";
import { cacheFolder } from "./paths.mjs";
import { StepError, step } from "./step.mjs";
import { recipes } from "./test-images/recipes.mjs";

/** By this label an image that we built tells whether its recipe is still the same. */
const label = "hearth.recipe";

/** Milliseconds in which a registry must begin to answer. */
const registryMs = 15_000;

/** Makes the images of these names that the engine lacks; all that tests know by default. One process at a time. */
export async function testImages(names = Object.keys(recipes)) {
  const { default: Docker } = await import("dockerode");
  const docker = new Docker();
  await alone(path.join(cacheFolder(), "docker", "images.lock"), async () => {
    let whyNotPulled;
    for (const name of names) {
      const recipe = recipes[name];
      if (!recipe && !(await find(docker, name)))
        throw new StepError(`the image ${name} is not there: pull or load it`);
      if (!recipe || (await isCurrent(docker, name, recipe))) continue;
      whyNotPulled ??= await pulled(docker, name, recipe);
      if (whyNotPulled) await built(docker, name, recipe, whyNotPulled);
    }
  });
}

async function isCurrent(docker, name, recipe) {
  const found = await find(docker, name);
  if (!found) return false;
  const made = found.Config?.Labels?.[label];
  return made === undefined || made === hashOf(recipe);
}

async function find(docker, name) {
  try {
    return await docker.getImage(name).inspect();
  } catch (error) {
    if (error.statusCode === 404) return undefined;
    throw error;
  }
}

/** Why the official image cannot be pulled, or undefined when it was, and has our name. */
async function pulled(docker, name, { official }) {
  const abort = new AbortController();
  const late = setTimeout(() => abort.abort(), registryMs);
  try {
    const stream = await docker.pull(official, { abortSignal: abort.signal });
    clearTimeout(late);
    await step(`pulling ${official}`, `for tests, as ${name}`, () => finished(docker, stream));
    const at = name.lastIndexOf(":");
    await docker.getImage(official).tag({ repo: name.slice(0, at), tag: name.slice(at + 1) });
    return undefined;
  } catch (error) {
    if (abort.signal.aborted) return `no registry answered within ${registryMs / 1000} s`;
    return `${official} cannot be pulled: ${error.message}`;
  } finally {
    clearTimeout(late);
  }
}

async function built(docker, name, recipe, why) {
  const unable = whyNoDebian();
  if (unable) throw new StepError(`no image ${name} for tests: ${why}; ${unable}, so it cannot be built either`);
  if (!(await isCurrent(docker, recipe.base.name, recipe.base))) await importBase(docker, recipe.base);
  await step(`building ${name}`, "for tests", async () => {
    const { pack } = (await import("tar-stream")).default;
    const context = pack();
    const text = [`FROM ${recipe.base.name}`, ...recipe.lines, `LABEL ${label}=${hashOf(recipe)}`].join("\n");
    const sent = fill(context, { ...recipe.files }, text);
    // The engine's own builder: BuildKit would need a session, and this needs nothing of it.
    const stream = await docker.buildImage(context, {
      t: name,
      version: "1",
      networkmode: "none",
      rm: true,
      forcerm: true,
    });
    await Promise.all([sent, finished(docker, stream)]);
  });
}

async function fill(context, files, dockerfile) {
  context.entry({ name: "Dockerfile" }, dockerfile);
  for (const [name, file] of Object.entries(files)) {
    await new Promise((resolve, reject) => {
      const entry = context.entry({ name, size: statSync(file).size, mode: 0o755 }, (error) =>
        error ? reject(error) : resolve(),
      );
      createReadStream(file).on("error", reject).pipe(entry);
    });
  }
  context.finalize();
}

async function importBase(docker, base) {
  await step(
    `making ${base.name} of ${base.packages.join(", ")}`,
    `for tests; no registry can be reached`,
    async () => {
      const hooks = Object.entries(base.users).flatMap(([user, id]) => [
        `--essential-hook=echo ${user}:x:${id}: >> "$1/etc/group"`,
        `--essential-hook=echo ${user}:x:${id}:${id}::/var/lib/${user}:/usr/sbin/nologin >> "$1/etc/passwd"`,
      ]);
      const options = [
        "--variant=minbase",
        ...["man", "locale", "doc"].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
        ...hooks,
        // A cluster of PostgreSQL is made when a container starts.
        `--essential-hook=mkdir -p "$1/etc/postgresql-common"`,
        `--essential-hook=echo create_main_cluster = false > "$1/etc/postgresql-common/createcluster.conf"`,
      ];
      const { stdout, done } = await debianRoot(base.suite, base.packages, "-", options);
      const at = base.name.lastIndexOf(":");
      const stream = await docker.importImage(stdout, {
        repo: base.name.slice(0, at),
        tag: base.name.slice(at + 1),
        changes: [`LABEL ${label}=${hashOf(base)}`],
      });
      await Promise.all([done, finished(docker, stream)]);
    },
  );
}

function finished(docker, stream) {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error) => (error ? reject(new StepError(error.message)) : resolve()));
  });
}

/** Of all that an image is made of, except a program as large as Node: its size tells enough. */
function hashOf(recipe) {
  const files = Object.values(recipe.files ?? {}).map((file) => {
    const { size } = statSync(file);
    return size > 1e6 ? size : readFileSync(file, "utf8");
  });
  return createHash("sha256")
    .update(JSON.stringify([recipe, files]))
    .digest("hex")
    .slice(0, 16);
}
