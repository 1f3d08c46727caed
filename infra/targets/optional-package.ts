import { createRequire } from "node:module";
import { join } from "node:path";

/**
 * A package that only one target needs and that takes 0.2 s to load. It is looked for from the program's folder, as an
 * optional peer of this package.
 *
 * @throws Error that says what to install, where it is missing
 */
export function optionalPackage<Module>(name: string, target: string): Module {
  const require = createRequire(join(process.cwd(), "package.json"));
  let path: string;
  try {
    path = require.resolve(name);
  } catch {
    throw new Error(
      `the target "${target}" needs the package ${name}, which is not installed in ${process.cwd()}: ` +
        `run npm install ${name} there`,
    );
  }
  return require(path) as Module;
}
