/** How progress is shown: `auto` is bars on a terminal, and lines elsewhere. */
export const displayModes = ["auto", "bars", "lines", "json", "none"] as const;
export type DisplayMode = (typeof displayModes)[number];
