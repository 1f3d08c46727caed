export function dockerPlugin(): Promise<string>;
