export const root: string;
export function cacheFolder(): string;
export function findProgram(name: string, searchPath?: string): string | undefined;
export function prependPath(folders: readonly string[], searchPath?: string): string;
