import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePlan } from "../../../warmer/plan.ts";
import { planJsonSchema } from "../../../warmer/plan-json-schema.ts";

interface Schema {
  readonly properties: Record<string, Schema>;
  readonly items: Schema;
  readonly oneOf: readonly Schema[];
  readonly anyOf: readonly unknown[];
  readonly const: string;
  readonly additionalProperties: boolean;
}

describe("the JSON Schema of plans", () => {
  const schema = planJsonSchema() as unknown as Schema;

  it("is committed as it is (else: node cli/main.ts plan schema > warmer/plan.schema.json)", () => {
    const file = resolve(import.meta.dirname, "../../../warmer/plan.schema.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(schema);
  });

  it("has every type of value, and refuses unknown properties", () => {
    const dataset = schema.properties.datasets?.items;
    expect(dataset?.properties.value?.oneOf.map(({ properties }) => properties.type?.const)).toEqual([
      ...["json", "hash", "string", "set", "zset"],
    ]);
    expect([schema.additionalProperties, dataset?.additionalProperties]).toEqual([false, false]);
    expect(dataset?.properties.ttl?.anyOf).toHaveLength(3);
  });

  it("may be named in a plan", () => {
    const dataset = { name: "a", query: "SELECT 1 AS id", key: "k:{id}", value: { type: "json" } };
    expect(parsePlan({ $schema: "./plan.schema.json", name: "p", datasets: [dataset] }).name).toBe("p");
  });
});
