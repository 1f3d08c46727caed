// Running a program in the foreground, as a shell would.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { StepError } from "./bootstrap/step.mjs";

/**
 * Runs a program with our terminal and returns its exit code. Signals to us are handed on and it is waited for, so
 * that an update that is interrupted still writes its state.
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const forward = {
      // Ctrl-C reaches the whole foreground group: the child has had it already, and two would mean "at once".
      SIGINT: () => process.stdin.isTTY || child.kill("SIGINT"),
      // Pulumi ends an update in order on SIGINT only.
      SIGTERM: () => child.kill("SIGINT"),
      SIGHUP: () => child.kill("SIGINT"),
    };
    for (const [signal, handler] of Object.entries(forward)) process.on(signal, handler);
    const finish = () => {
      for (const [signal, handler] of Object.entries(forward)) process.off(signal, handler);
    };
    child.on("error", (error) => {
      finish();
      reject(new StepError(`${command} cannot be started: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      finish();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
