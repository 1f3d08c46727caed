/**
 * Runs from the state, perhaps years later: captures nothing, knows no absolute path. It finds the provider (provider.ts)
 * from the Pulumi program's folder, as that one finds the tool.
 */
export function load() {
  const { createRequire } = process.getBuiltinModule("node:module");
  const fromProgram = createRequire(`${process.cwd()}/package.json`);
  let path: string;
  try {
    path = fromProgram.resolve("hearth/provider");
  } catch {
    throw new Error(`the package "hearth" is not installed in ${process.cwd()}: run npm install there`);
  }
  return fromProgram(path).provider();
}

/**
 * The text that the state holds of every Hearth resource's provider, twice for each, and that Pulumi writes after every
 * step of an update: so it is short. No closure is serialised, which would load the TypeScript compiler into every
 * preview (0.15 s), and differ between machines.
 */
export const providerText = `exports.handler = ${load};`;
