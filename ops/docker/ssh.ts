import { spawn } from "node:child_process";
import { Agent } from "node:http";
import { Duplex } from "node:stream";

/**
 * HTTP to an engine over ssh, as `docker` itself does it: the `ssh` command connects, with its own configuration, keys
 * and known hosts, and `docker system dial-stdio` on the other side speaks to the engine.
 */
export function sshAgent(host: string): Agent {
  const { hostname, port, username } = new URL(host);
  const options = ["-o", "ConnectTimeout=15", "-o", "BatchMode=yes", "-T"];
  if (username !== "") options.push("-l", decodeURIComponent(username));
  if (port !== "") options.push("-p", port);
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 2 });
  agent.createConnection = () => dial([...options, "--", hostname.replace(/^\[|\]$/g, "")]);
  return agent;
}

function dial(args: string[]): Duplex {
  const child = spawn("ssh", [...args, "docker system dial-stdio"], { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-500);
  });
  const stream = new Duplex({
    read: () => void child.stdout.resume(),
    write: (chunk, encoding, done) => void child.stdin.write(chunk, encoding, done),
    final: (done) => void child.stdin.end(done),
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  child.stdout.on("data", (chunk) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  child.stdin.on("error", () => {}); // what ssh said tells more than EPIPE
  child.once("error", (error) => stream.destroy(new Error(`ssh: ${error.message}`)));
  child.once("close", (code) => {
    if (code === 0) stream.push(null);
    else stream.destroy(new Error(`ssh ended (${code}): ${complaint.trim()}`));
  });
  // What http does to a socket that is idle. An idle connection does not keep the tool alive.
  return Object.assign(stream, {
    setKeepAlive: () => stream,
    setNoDelay: () => stream,
    setTimeout: () => stream,
    ref: () => stream,
    unref: () => {
      child.unref();
      return stream;
    },
  });
}
