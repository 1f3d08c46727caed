// One line for each thing that bootstrap does: what, why, how long. Nothing for what is satisfied already.
import { spawn } from "node:child_process";

/** A failure with an explanation that needs no stack trace: what failed, and how to do it by hand. */
export class StepError extends Error {}

/**
 * Does one step of work and says so on stderr: `hearth: <what> (<why>) ... 12.3 s`. The first half is printed at
 * once, so that a step of minutes is not taken for a hang.
 */
export async function step(what, why, work) {
  const start = performance.now();
  process.stderr.write(`hearth: ${what} (${why}) ... `);
  try {
    const result = await work();
    process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    process.stderr.write(`failed after ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
    throw error;
  }
}

/** Runs the body of a script: a StepError ends it with its message alone, everything else with a stack trace. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    process.stderr.write(error instanceof StepError ? `hearth: ${error.message}\n` : `${error.stack}\n`);
    process.exitCode = 1;
  }
}

/**
 * Runs a program quietly and returns its stdout. What it said is shown only when it fails: the last `lines` lines
 * in the error's message. `deadlineSeconds` ends it, and all that it started.
 */
export function runQuietly(command, args, { deadlineSeconds, lines = 25, ...options }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, ...options });
    let stdout = "";
    let output = "";
    let late = false;
    const end = (signal) => {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // It has ended by itself.
      }
    };
    let timer = setTimeout(() => {
      late = true;
      end("SIGTERM");
      timer = setTimeout(() => end("SIGKILL"), 5_000);
    }, deadlineSeconds * 1000);
    // The child has a process group of its own (for the deadline), so Ctrl-C reaches it only through us.
    const interrupt = (signal) => {
      end("SIGTERM");
      process.exit(signal === "SIGINT" ? 130 : 143);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, interrupt);
    const finish = () => {
      clearTimeout(timer);
      for (const signal of signals) process.off(signal, interrupt);
    };
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.on("error", (error) => {
      finish();
      reject(new StepError(`${command} cannot be started: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      finish();
      if (code === 0) return resolve(stdout);
      const how = late ? `did not end within ${deadlineSeconds} s` : `ended with ${signal ?? `exit code ${code}`}`;
      const said = output.trimEnd().split("\n").slice(-lines).join("\n");
      reject(new StepError(`${[command, ...args].join(" ")} ${how}${said ? `:\n${said}` : "."}`));
    });
  });
}
