// Apart from the schemas: previews need this number, and do not pay 20 ms for zod.

/** Parts that a plan may be warmed in at once. */
export const mostShards = 64;
