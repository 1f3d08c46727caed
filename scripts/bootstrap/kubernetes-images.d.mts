export function importImages(pid: number, bin: string, names: readonly string[]): Promise<void>;
