export function rulesOf(pods: readonly object[], namespaces: readonly object[], policies: readonly object[]): string;
export function selects(selector: object | undefined, labels?: Record<string, string>): boolean;
