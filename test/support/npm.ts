import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * Runs a program in a folder as a user's shell there would: without the settings that npm gave to this process, by
 * which an npm in another folder would still work in ours. Fails with all that it printed.
 */
export async function runIn(folder: string, command: string, ...args: string[]): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$)/.test(name)));
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd: folder, env, maxBuffer: 32 << 20 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${[command, ...args].join(" ")} failed in ${folder}:\n${stdout}\n${stderr}`, { cause: error });
  }
}
