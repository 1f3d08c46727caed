export function addBridge(id: string): string[];
export function removeBridge(id: string): void;
