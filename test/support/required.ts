const targets = ["local", "docker", "kubernetes"] as const;
type Target = (typeof targets)[number];

/**
 * What must be there: HEARTH_REQUIRE=local,docker makes a failure of what would be skipped. Tests on processes of this
 * machine are never skipped, so `local` always holds. Throws on a name that means nothing.
 */
export function isRequired(what: Target): boolean {
  const asked = (process.env.HEARTH_REQUIRE ?? "").split(",").filter((name) => name !== "");
  const unknown = asked.find((name) => !(targets as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new Error(`HEARTH_REQUIRE: "${unknown}" is not known: write ${targets.join(", ")}, with commas between them`);
  return what === "local" || asked.includes(what);
}
