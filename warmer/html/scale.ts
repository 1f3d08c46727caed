/** Round values from 0 up to at least `most`, about `wanted` of them: 0, 500, 1,000, 1,500. */
export function niceTicks(most: number, wanted: number): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const ticks = Math.ceil((most / step) * 0.999);
  return Array.from({ length: ticks + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** Powers of ten that enclose the values: 0.01, 0.1, 1, 10. */
export function decades(least: number, most: number): number[] {
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  return Array.from({ length: to - from + 1 }, (_, index) => Number((10 ** (from + index)).toPrecision(6)));
}

/** A length within an SVG, short. */
export function px(value: number): string {
  return String(Number(value.toFixed(1)));
}

/** `12.5k`, `1.2M`: for the ends of axes. */
export function compact(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}
