import type { DatasetReport, LatencyReport, ValidationReport, WarmReport } from "../../contract/warming.ts";
import { bytes, count, duration, milliseconds, percent, points } from "../figures.ts";
import { datasetChart } from "./dataset-chart.ts";
import { faster, latencyChart } from "./latency-chart.ts";
import { html, Markup, type Part } from "./markup.ts";
import { rateChart } from "./rate-chart.ts";
import { ratioChart } from "./ratio-chart.ts";
import { style } from "./style.ts";

/**
 * A report as one HTML page that needs nothing else: no script, no font, no request; light or dark as the reader's
 * system is. Every value is escaped.
 *
 * @param plan name of the plan that was warmed.
 */
export function htmlReport(report: WarmReport, plan: string): string {
  const { validation, timeline } = report;
  const charts = [
    timeline && rateChart(timeline),
    validation && ratioChart(validation.replay),
    datasetChart(report),
    validation?.latency && latencyChart(validation.latency),
  ];
  return documentOf(`Cache warming: ${plan}`, startedAt(report.startedAt), [
    verdict(report),
    tiles(report),
    cards([charts, validation?.latency && latencyTable(validation.latency), datasetTable(report.datasets)]),
  ]);
}

/** What validation alone has found, as a page of the same kind. */
export function htmlValidation(validation: ValidationReport, plan: string): string {
  const { latency, replay, problems } = validation;
  return documentOf(`Cache validation: ${plan}`, startedAt(new Date().toISOString()), [
    verdict({ ok: problems.length === 0, validation }),
    cards([ratioChart(replay), latency && latencyChart(latency), latency && latencyTable(latency)]),
  ]);
}

const cards = (content: Part): Markup => html`<div class="cards">
${content}
</div>`;

function documentOf(title: string, subtitle: string, content: Part): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<header><h1>${title}</h1><p class="soft">${subtitle}</p></header>
${content}
</main>
</body>
</html>
`;
  return page.text;
}

function startedAt(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const options = { dateStyle: "long", timeStyle: "medium", timeZone: "UTC" } as const;
  return `${new Intl.DateTimeFormat("en-GB", options).format(date)} UTC`;
}

function verdict({ ok, error, validation }: Pick<WarmReport, "ok" | "error" | "validation">): Markup {
  const problems = validation?.problems ?? [];
  const list = problems.length > 0 && html`<ul>${problems.map((problem) => html`<li>${problem}</li>`)}</ul>`;
  const box = (kind: "good" | "warn" | "wrong", title: string, content: Part): Markup =>
    html`<section class="verdict ${kind}"><strong>${title}</strong>${content}</section>`;
  if (error !== undefined) return box("wrong", "✗ Failed", [html`<p>${error}</p>`, list]);
  if (validation?.verdict === "no-traffic") {
    const text = "There were no requests to replay, so no hit ratio can be stated.";
    return box(ok ? "warn" : "wrong", "? No traffic", [html`<p>${text}</p>`, list]);
  }
  if (!ok) return box("wrong", "✗ The cache is not warm", list);
  return box("good", "✓ The cache is warm", html`<p>${readBack(validation)}</p>`);
}

function readBack(validation: WarmReport["validation"]): string {
  const { sampled, matching } = validation?.readBack ?? { sampled: 0, matching: 0 };
  return sampled === 0 ? "" : `${count(matching)} of ${count(sampled)} keys read back are what was written.`;
}

function keysNote({ failed, repaired }: WarmReport): string {
  const note = failed > 0 ? `${count(failed)} failed` : "none failed";
  return repaired === undefined ? note : `${note}, repaired: ${count(repaired)}`;
}

function tiles(report: WarmReport): Markup {
  const { usedMemory, validation, metrics } = report;
  const replay = validation?.replay;
  const gain = metrics.hitRatioImprovement === null ? "" : `${points(metrics.hitRatioImprovement)}`;
  const added = usedMemory.after - usedMemory.before;
  const all: readonly (readonly [string, string, string])[] = [
    ["Keys written", count(report.keys), keysNote(report)],
    ["Time", duration(report.durationMs), `${count(report.rows)} rows read`],
    ["Rate while writing", `${count(report.rate)}/s`, `${bytes(report.bytes)} sent`],
    ["Hit ratio", replay?.hitRatio == null ? "-" : percent(replay.hitRatio), gain],
    [
      "Redis memory",
      usedMemory.after > 0 ? bytes(usedMemory.after) : "-",
      [
        usedMemory.after > 0 ? `${added < 0 ? "" : "+"}${bytes(added)}` : "",
        report.evictedKeys > 0 ? `${count(report.evictedKeys)} evicted` : "",
      ]
        .filter((text) => text !== "")
        .join(", "),
    ],
  ];
  return html`<dl class="tiles">${all.map(
    ([name, value, sub]) => html`<div><dt>${name}</dt><dd>${value}</dd><dd class="sub">${sub}</dd></div>`,
  )}</dl>`;
}

function latencyTable({ hits, misses, speedup, datasets }: LatencyReport): Markup {
  const rows = [{ name: "all requests", hits, misses, speedup }, ...datasets].flatMap((row) => [
    [row.name, "p50", row.hits.p50Ms, row.misses.p50Ms, row.speedup.p50] as const,
    ["", "p95", row.hits.p95Ms, row.misses.p95Ms, row.speedup.p95] as const,
  ]);
  return html`<section class="card full"><h2>Response times</h2>
<p class="note">The same keys, one request after the other: a hit is read from Redis, a miss is answered by PostgreSQL.</p>
<div class="scroll"><table><thead><tr><th>requests</th><th></th><th class="figure">hit</th><th class="figure">miss</th><th class="figure">a hit is</th></tr></thead><tbody>${rows.map(
    ([name, share, hit, miss, factor]) =>
      html`<tr><td>${name}</td><td>${share}</td><td class="figure">${milliseconds(hit)}</td><td class="figure">${milliseconds(miss)}</td><td class="figure">${faster(factor)}</td></tr>`,
  )}</tbody></table></div></section>`;
}

function datasetTable(datasets: readonly DatasetReport[]): Markup {
  const notes = datasets.flatMap(({ name, error, warnings }) =>
    [...(error === undefined ? [] : [error]), ...warnings].map((text) => html`<li>${name}: ${text}</li>`),
  );
  return html`<section class="card full"><h2>Datasets</h2>
<div class="scroll"><table><thead><tr><th>dataset</th><th>priority</th><th>status</th><th class="figure">rows</th><th class="figure">keys</th><th class="figure">failed</th><th class="figure">sent</th><th class="figure">time</th></tr></thead><tbody>${datasets.map(
    (dataset) =>
      html`<tr><td>${dataset.name}</td><td>${dataset.priority}</td><td>${dataset.status}</td><td class="figure">${count(dataset.rows)}</td><td class="figure">${count(dataset.keys)}</td><td class="figure">${count(dataset.failed)}</td><td class="figure">${bytes(dataset.bytes)}</td><td class="figure">${duration(dataset.durationMs)}</td></tr>`,
  )}</tbody></table></div>
${notes.length > 0 && html`<ul class="warnings">${notes}</ul>`}</section>`;
}
