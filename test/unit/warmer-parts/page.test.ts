import { describe, expect, it } from "vitest";
import type { ReplayReport, ValidationReport, WarmReport } from "../../../contract/warming.ts";
import { html } from "../../../warmer/html/markup.ts";
import { htmlReport } from "../../../warmer/html/page.ts";
import { compact, decades, niceTicks } from "../../../warmer/html/scale.ts";
import { exampleReport } from "../../support/report.ts";

/** Every element is closed, in order. */
function elementsOf(page: string): string[] {
  const open: string[] = [];
  const all: string[] = [];
  const text = page.replace(/<style>[\s\S]*?<\/style>/, "");
  for (const [, end, name = "", rest = ""] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)\b((?:"[^"]*"|[^">])*)>/gi)) {
    if (end === "/") expect(open.pop()).toBe(name);
    else {
      all.push(name);
      if (name !== "meta" && !rest.endsWith("/")) open.push(name);
    }
  }
  expect(open).toEqual([]);
  return all;
}

const validation = (changes: Partial<ValidationReport>): ValidationReport => ({
  ...(exampleReport().validation as ValidationReport),
  ...changes,
});

describe("page of a report", () => {
  it("holds the charts, the figures and the tables", () => {
    const page = htmlReport(exampleReport(), "meal-planner");
    expect(elementsOf(page).filter((name) => name === "svg")).toHaveLength(8);
    for (const text of [
      "<title>Cache warming: meal-planner</title>",
      "21 November 2026 at 11:24:55 UTC",
      "✓ The cache is warm",
      "200 of 200 keys read back are what was written.",
      "99,000",
      "+63.8 points",
      "94.7 % (94.2 % to 95.1 %)",
      "6,143 of 6,489 requests of the access log hit: a random sample of 20,000",
      "preferences: 2 rows had the same key",
      "133x faster",
    ]) {
      expect(page).toContain(text);
    }
  });

  it("needs nothing from elsewhere, and runs nothing", () => {
    const page = htmlReport(exampleReport(), "x");
    expect(page).not.toMatch(/\b(src|href|srcset|action|on[a-z]+)\s*=|url\(|@import|<(script|link|img|iframe|object)/i);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it("escapes every value", () => {
    const evil = `</title></svg><script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;\u0000`;
    const report = exampleReport();
    const spoil = (value: unknown): unknown => {
      if (typeof value === "string") return evil;
      if (Array.isArray(value)) return value.map(spoil);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, spoil(item)]));
    };
    const spoilt = {
      ...(spoil({ ...report, error: "x" }) as WarmReport),
      timeline: { atMs: [0, 10], keys: { [evil]: [0, 5], b: [0, 1] } },
    };
    const page = htmlReport(spoilt, evil);
    const names = new Set(elementsOf(page));
    expect(names).not.toContain("script");
    expect(names).not.toContain("img");
    expect(page).not.toContain("\u0000");
    expect(page).toContain(
      "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;amp;",
    );
  });

  it("tells each verdict, and why", () => {
    const replay: ReplayReport = {
      ...{ source: "none", requests: 0, hits: 0, hitRatio: null, population: 0 },
      ...{ interval: null, before: null, improvement: null },
    };
    const none = { replay, latency: null, verdict: "no-traffic" } as const;
    const { timeline: _, ...still } = exampleReport();
    const pages = {
      cold: htmlReport(
        exampleReport({ ok: false, validation: validation({ verdict: "cold", problems: ["too few keys"] }) }),
        "x",
      ),
      failed: htmlReport({ ...still, ok: false, validation: null, error: "no PostgreSQL" }, "x"),
      silent: htmlReport(exampleReport({ validation: validation(none) }), "x"),
      empty: htmlReport({ ...still, datasets: [], keys: 0, validation: null }, "x"),
    };
    expect(pages.cold).toMatch(/verdict wrong"><strong>✗ The cache is not warm<\/strong><ul><li>too few keys/);
    expect(pages.failed).toMatch(/verdict wrong"><strong>✗ Failed<\/strong><p>no PostgreSQL/);
    expect(pages.silent).toMatch(/verdict warn"><strong>\? No traffic<\/strong><p>There were no requests to replay/);
    for (const page of Object.values(pages)) {
      elementsOf(page);
      expect(page).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  it("draws odd figures: times of 0, one point, all keys failed", () => {
    const zero = { samples: 1, p50Ms: 0, p95Ms: 0 };
    const latency = { hits: zero, misses: zero, speedup: { p50: 1, p95: 1 }, datasets: [] };
    const [first] = exampleReport().datasets;
    const page = htmlReport(
      exampleReport({
        validation: validation({ latency }),
        datasets: [{ ...(first as WarmReport["datasets"][number]), keys: 0, failed: 10, durationMs: 0 }],
        timeline: { atMs: [5], keys: { recipes: [0] } },
      }),
      "x",
    );
    elementsOf(page);
    expect(page).not.toMatch(/NaN|Infinity/);
    expect(page).not.toContain("Keys per second");
  });
});

describe("parts of charts", () => {
  it("markup escapes values, and keeps markup", () => {
    expect(html`<p title="${'"'}">${["<", html`<b>${1}</b>`, null, false]}</p>`.text).toBe(
      '<p title="&quot;">&lt;<b>1</b></p>',
    );
  });

  it.each([
    [100, 4, [0, 50, 100]],
    [73_000, 4, [0, 20_000, 40_000, 60_000, 80_000]],
    [0.13, 5, [0, 0.05, 0.1, 0.15]],
    [0, 4, [0, 1]],
  ])("ticks up to %d", (most, wanted, ticks) => expect(niceTicks(most, wanted)).toEqual(ticks));

  it("decades enclose the values", () => {
    expect(decades(0.034, 4.9)).toEqual([0.01, 0.1, 1, 10]);
    expect(decades(1, 1)).toEqual([1, 10]);
    expect([0, 950, 1500, 2_500_000].map(compact)).toEqual(["0", "950", "1.5k", "2.5M"]);
  });
});
