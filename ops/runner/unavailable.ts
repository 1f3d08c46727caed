/** There is no way to the nodes: neither from here, nor from a container on their network. */
export class RunnerUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RunnerUnavailable";
  }
}
