/**
 * The screen of a terminal, as far as Hearth uses one: text that wraps at the last column, line ends, the cursor up,
 * erasing below it, colours and the cursor's visibility. Anything else is refused.
 */
export class Screen {
  columns: number;
  cursorVisible = true;
  /** Whether anything was ever coloured. */
  coloured = false;
  #lines: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  /** The lines, without the empty ones at the end. */
  get text(): string {
    return this.#lines
      .map((line) => line.trimEnd())
      .join("\n")
      .trimEnd();
  }

  write(text: string): void {
    for (const [part] of text.matchAll(/\u001b\[[?\d;]*[A-Za-z]|[\s\S]/gu)) {
      if (part.startsWith("\u001b")) this.#command(part.slice(2));
      else if (part === "\n") this.#lineEnd();
      else if (part === "\r") this.#column = 0;
      else this.#put(part);
    }
  }

  #command(command: string): void {
    if (command === "?25l" || command === "?25h") this.cursorVisible = command === "?25h";
    else if (/^\d+m$/.test(command)) this.coloured = true;
    else if (/^\d+A$/.test(command)) this.#row = Math.max(0, this.#row - Number.parseInt(command, 10));
    else if (command === "J") {
      this.#lines.length = this.#row + 1;
      this.#lines[this.#row] = (this.#lines[this.#row] ?? "").slice(0, this.#column);
    } else throw new Error(`this screen does not know ${JSON.stringify(command)}`);
  }

  #lineEnd(): void {
    this.#row += 1;
    this.#column = 0;
    this.#lines[this.#row] ??= "";
  }

  #put(character: string): void {
    if (this.#column === this.columns) this.#lineEnd();
    const line = (this.#lines[this.#row] ?? "").padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }
}
