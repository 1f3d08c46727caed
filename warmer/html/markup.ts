/** Markup that is ready to be put into a page as it is. Values get there by {@link html}, which escapes them. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: markup as it is; text and numbers, which are escaped; lists; nothing for null and false. */
export type Part = Markup | string | number | null | undefined | false | readonly Part[];

/** Markup of a template. Every value that is not markup itself is escaped, within elements as within attributes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.map((text, index) => text + render(parts[index])).join(""));
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "string" || typeof part === "number") return escapeText(String(part));
  return part.map(render).join("");
}

function escapeText(text: string): string {
  const marks: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  // Control characters are not allowed in HTML, also not as references.
  const printable = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "\ufffd");
  return printable.replace(/[&<>"']/g, (mark) => marks[mark] ?? mark);
}
