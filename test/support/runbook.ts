import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Commands of a page that belong together. */
export interface RunbookBlock {
  /** Its heading: `Look`, `Mend`. */
  readonly section: string;
  /** `redis`: what redis-cli is given; `sh`: what a shell is. */
  readonly language: string;
  /** On which nodes, of a block of Redis commands: `node`, the one that the alert names, unless it says another. */
  readonly on: string;
  readonly commands: readonly string[];
}

/** A page of docs/runbooks. */
export interface Runbook {
  readonly alert: string;
  readonly text: string;
  readonly blocks: readonly RunbookBlock[];
}

const folder = "docs/runbooks";

/** The page of an alert. */
export function runbook(alert: string): Runbook {
  const text = readFileSync(join(folder, `${alert}.md`), "utf8");
  const blocks: RunbookBlock[] = [];
  let section = "";
  let block: { language: string; on: string; commands: string[] } | undefined;
  for (const line of text.split("\n")) {
    const fence = /^```(\w*) ?(\w*)/.exec(line);
    if (fence && block) {
      blocks.push({ section, ...block });
      block = undefined;
    } else if (fence) block = { language: fence[1] ?? "", on: fence[2] || "node", commands: [] };
    else if (block) block.commands.push(line.replace(/\s+#.*/, ""));
    else section = /^## (.*)/.exec(line)?.[1] ?? section;
  }
  return { alert, text, blocks };
}

/** All pages but the first, which says how to read them. */
export function runbooks(): Runbook[] {
  const names = readdirSync(folder).filter((name) => name.startsWith("Hearth"));
  return names.map((name) => runbook(name.replace(/\.md$/, "")));
}
