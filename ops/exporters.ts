import { get } from "node:http";
import { type ExporterAddress, exportersSchema } from "../contract/exporters.ts";
import type { OperationHandler } from "../contract/operation.ts";
import { waitFor } from "./wait.ts";

/** Milliseconds in which the exporters have to find their nodes: they log in when they are asked, and not before. */
const limitMs = 30_000;

/** Milliseconds for one answer: an exporter waits 5 s for its node, and then says that it is down. */
const answerMs = 8_000;

/**
 * Waits until every exporter of a topology says that its node is up (`redis_up 1`): redis_exporter's image has nothing
 * that a health check of the engine could run, so they are looked at from outside, as Prometheus does.
 */
export const exporters: OperationHandler = async ({ action, id, inputs }, { signal }) => {
  if (action === "check" || action === "delete") return {};
  // A node that is down is readiness's to tell, and its exporter's to report.
  if (action === "read") return { id };
  const asked = exportersSchema.parse(inputs);
  const look = async () => {
    const complaints = await Promise.all(asked.exporters.map((exporter) => complaintOf(exporter, signal)));
    const missing = complaints.filter((complaint) => complaint !== undefined);
    return missing.length === 0 ? { value: undefined } : { missing: missing.join("; ") };
  };
  const what = `the exporters of ${asked.name} do not see their nodes`;
  await waitFor(look, { what, signal, limitMs, everyMs: 200 });
  return { id: "exporters" };
};

async function complaintOf({ node, host, port }: ExporterAddress, signal: AbortSignal): Promise<string | undefined> {
  let metrics: string;
  try {
    metrics = await metricsOf(host, port, signal);
  } catch (error) {
    return `${node}: its exporter at ${host}:${port} does not answer (${(error as Error).message})`;
  }
  if (/^redis_up 1$/m.test(metrics)) return undefined;
  const why = /^redis_exporter_last_scrape_error\{err="([^"\n]+)"\} 1$/m.exec(metrics)?.[1];
  // redis_exporter 1.45 says nothing better when the node does not answer, and when it does not let it in.
  const vague = why === undefined || why.includes("unknown network");
  return `${node}: its exporter ${vague ? "does not reach it, or is not let in" : `cannot read it (${why})`}`;
}

function metricsOf(host: string, port: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, path: "/metrics", timeout: answerMs, agent: false, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`it says ${response.statusCode}`)),
      );
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error(`no answer in ${answerMs / 1000} s`)));
    request.on("error", reject);
  });
}
