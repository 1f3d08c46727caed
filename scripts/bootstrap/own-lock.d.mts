/** Does `work` while no other process that asks for this lock does. */
export function alone<T>(file: string, work: () => Promise<T>): Promise<T>;
export function isRunning(pid: number): boolean;
