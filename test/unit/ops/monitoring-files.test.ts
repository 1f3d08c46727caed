import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { monitoringFiles } from "../../../ops/monitoring-files.ts";
import { temporaryFolder } from "../../support/folders.ts";

describe("monitoring files", () => {
  let home: ReturnType<typeof temporaryFolder>;
  let said: string[];
  const directory = () => join(home.path, "monitoring");
  const at = (name: string) => join(directory(), name);
  const ask = (action: "create" | "read" | "update" | "delete", files: object, olds: object = {}) => {
    const inputs = { name: "monitoring", directory: directory(), files };
    const before = { ...inputs, files: olds };
    const request = { operation: "monitoring-files", action, id: "monitoring-files", inputs, deadlineMs: 1000 };
    const context = { signal: AbortSignal.timeout(1000), progress: (line: string) => void said.push(line) };
    return monitoringFiles({ ...request, olds: action === "update" ? before : {} }, context);
  };
  beforeEach(() => {
    home = temporaryFolder();
    said = [];
  });
  afterEach(() => home.remove());

  const files = { "rules.yml": "groups: []\n", "dashboards/overview.json": "{}" };

  it("are written for everybody to read, and taken away with their folder", async () => {
    expect(await ask("create", files)).toEqual({ id: "monitoring-files" });
    expect(readFileSync(at("rules.yml"), "utf8")).toBe("groups: []\n");
    expect(statSync(at("rules.yml")).mode & 0o777).toBe(0o644);
    expect(readdirSync(at("dashboards"))).toEqual(["overview.json"]);
    expect(await ask("read", files)).toEqual({ id: "monitoring-files" });
    await ask("delete", files);
    expect(existsSync(directory())).toBe(false);
  });

  it("leave the files of others alone", async () => {
    mkdirSync(directory());
    writeFileSync(at("prometheus.yml"), "mine");
    await expect(ask("create", { "prometheus.yml": "Hearth's" })).rejects.toThrow(
      `${at("prometheus.yml")} is there, and not Hearth's: move it away, or choose another folder (hearth:monitoringDir)`,
    );
    await ask("create", files);
    await ask("delete", files);
    expect(readdirSync(directory())).toEqual(["prometheus.yml"]);
  });

  it("change with their contents, and go when they are not asked for any more", async () => {
    await ask("create", files);
    const fewer = { "rules.yml": "groups: [1]\n" };
    await ask("update", fewer, files);
    expect(readFileSync(at("rules.yml"), "utf8")).toBe("groups: [1]\n");
    expect(readdirSync(directory())).toEqual(["rules.yml"]);
  });

  it("are noticed when somebody changes them: the next update writes them again, destroy leaves them", async () => {
    await ask("create", files);
    writeFileSync(at("rules.yml"), "changed by hand");
    expect(await ask("read", files)).toMatchObject({
      outputs: { drift: expect.stringContaining("rules.yml was changed") },
    });
    await ask("update", files, files);
    expect(readFileSync(at("rules.yml"), "utf8")).toBe("groups: []\n");
    writeFileSync(at("rules.yml"), "changed by hand");
    await ask("delete", files);
    expect(said).toEqual([`${at("rules.yml")} stays: somebody has changed it`]);
    expect(readdirSync(directory())).toEqual(["rules.yml"]);
  });

  it("are gone when all of them are", async () => {
    await ask("create", files);
    await ask("delete", files);
    expect(await ask("read", files)).toEqual({ id: "" });
  });

  it("do not leave their folder", async () => {
    await expect(ask("create", { "../rules.yml": "" })).rejects.toThrow();
    await expect(ask("create", { "dashboards/../../x": "" })).rejects.toThrow();
  });
});
