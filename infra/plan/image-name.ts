const registry = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?/)`;
const part = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const reference = new RegExp(`^${registry}?${part}(?:/${part})*(?::${tag})?(?:@sha256:[0-9a-f]{64})?$`);

/** Whether a text names an image, as Docker reads it: `redis:7-alpine`, `registry:5000/team/redis@sha256:...`. */
export function isImageName(text: string): boolean {
  return text.length <= 512 && reference.test(text);
}

/** What may have been meant by a text that names no image; undefined where nobody knows. */
export function likelyImageName(text: string): string | undefined {
  const [name = "", ...rest] = text
    .trim()
    .replace(/^(https?|docker):\/\//, "")
    .split(/(?=[:@])/);
  const guess = [name.toLowerCase(), ...rest].join("").replace(/\s+(?=[\w.-]+$)/, ":");
  return guess !== text && isImageName(guess) ? guess : undefined;
}
