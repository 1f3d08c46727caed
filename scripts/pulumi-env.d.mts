/** PULUMI_BACKEND_URL of a folder. */
export function stateIn(folder: string): string;
