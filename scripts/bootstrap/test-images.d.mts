/** Builds or pulls the images of these names that the engine lacks, one process at a time. */
export function testImages(names: readonly string[]): Promise<void>;
