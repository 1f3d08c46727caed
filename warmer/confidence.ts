/** Standard deviations that hold 95 % of a normal distribution. */
const z = 1.96;

/** A ratio is stated within this, at 95 %. */
export const WITHIN = 0.01;

/** Requests that make a ratio right within {@link WITHIN}, whatever it is and however many there are. */
const ENOUGH = Math.ceil((z * z * 0.25) / (WITHIN * WITHIN));

/**
 * How many requests of `population` to replay at random, so that the ratio of hits is right within 0.01 at 95 %,
 * whatever the ratio is: 9,604 of very many, fewer of tens of thousands (finite population correction), and all where
 * there are no more than 9,604: then the ratio is exact.
 */
export function neededSample(population: number): number {
  if (population <= ENOUGH) return population;
  return Math.ceil(ENOUGH / (1 + (ENOUGH - 1) / population));
}

/**
 * Where the ratio of a population lies with 95 % confidence, when `hits` of `sample` requests taken at random from it
 * were hits: Wilson's interval, which also holds near 0 and 1, with the finite population correction.
 */
export function ratioInterval(hits: number, sample: number, population: number): { low: number; high: number } | null {
  if (sample === 0) return null;
  const ratio = hits / sample;
  if (sample >= population) return { low: ratio, high: ratio };
  const size = (sample * (population - 1)) / (population - sample);
  const centre = ratio + (z * z) / (2 * size);
  const spread = z * Math.sqrt((ratio * (1 - ratio)) / size + (z * z) / (4 * size * size));
  const scale = 1 + (z * z) / size;
  // Rounding must not put the ratio itself outside.
  return {
    low: Math.min(ratio, Math.max(0, (centre - spread) / scale)),
    high: Math.max(ratio, (centre + spread) / scale),
  };
}
