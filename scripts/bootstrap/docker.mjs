// Step of npm test: Docker for tests, as far as this machine can have it: an engine, then images.
import { dockerEngine } from "./docker-engine.mjs";
import { testImages } from "./test-images.mjs";

/**
 * Makes an engine ready. Returns what there is, for people, and what must be called at the end. With `images`, those
 * that are missing are made while the first tests run. A test that needs one waits for it, and else has it made.
 */
export async function dockerForTests({ images: all }) {
  const { said, why, stop } = await dockerEngine();
  if (why) {
    process.env.HEARTH_NO_DOCKER = why; // tests that need it are skipped by this name
    return { said: `none: ${why}`, stop };
  }
  const images = all ? testImages() : Promise.resolve();
  const made = images.catch((error) => {
    console.error(`hearth: ${error.message}`); // and again by the tests that need the image
  });
  let stopped;
  const end = async () => {
    await made;
    await stop();
  };
  return {
    said,
    stop: () => {
      stopped ??= end().catch((error) => console.error(`hearth: ${error.message}`));
      return stopped;
    },
  };
}
