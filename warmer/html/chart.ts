import { html, type Markup, type Part } from "./markup.ts";

/** Widths at which every chart is drawn; the page shows the one that fits, so that text keeps its size. */
export const widths = { full: 1000, half: 480, phone: 336 } as const;

/**
 * A chart with its heading, drawn once for wide and once for narrow pages.
 *
 * @param description for those who cannot see it: what the chart shows, with its main figures.
 */
export function figure(
  title: string,
  description: string,
  size: "full" | "half",
  draw: (width: number) => Markup,
  legend?: Part,
): Markup {
  return html`<figure class="card ${size}">
<figcaption><h2>${title}</h2>${legend}</figcaption>
<div class="wide" role="img" aria-label="${description}">${draw(widths[size])}</div>
<div class="narrow" role="img" aria-label="${description}">${draw(widths.phone)}</div>
</figure>
`;
}

/** An SVG of this size, in CSS pixels. */
export function svg(width: number, height: number, content: Part): Markup {
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">${content}</svg>`;
}

/** Names of colours, each with its mark: a colour is never all that tells two things apart. */
export function legendOf(entries: readonly { readonly name: string; readonly series: string }[]): Markup {
  const items = entries.map(({ name, series }) => html`<li><span class="swatch ${series}"></span>${name}</li>`);
  return html`<ul class="legend">${items}</ul>`;
}
