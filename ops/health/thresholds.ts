/** From where on a figure is worth a word. Shares are of 1. */
export interface Thresholds {
  /**
   * Hits of all reads. Below `target` there is advice, below `degraded` a warning, below `low` another advice, below
   * `critical` nobody is served by the cache any more.
   */
  readonly hitRatio: {
    readonly target: number;
    readonly degraded: number;
    readonly low: number;
    readonly critical: number;
  };
  /** Reads that a ratio needs to say anything. */
  readonly minReads: number;
  /** Of maxmemory. */
  readonly memory: { readonly warning: number; readonly critical: number };
  /** Connected clients of maxclients. */
  readonly clients: { readonly warning: number; readonly critical: number };
  /** Error replies of all commands. */
  readonly errors: { readonly warning: number };
  /** Days that a certificate still has. */
  readonly certificateDays: { readonly warning: number; readonly critical: number };
  /** Milliseconds that a PING may take. */
  readonly pingMs: number;
  /** Seconds since a primary has heard from a replica. */
  readonly replicaLagSeconds: number;
  /** Reads for each write, from which on longer times to live are advised where too few reads hit. */
  readonly readsPerWrite: number;
}

/** As the health checks that Hearth follows have them; the hit ratio's are also those of its alerts. */
export const defaultThresholds: Thresholds = {
  hitRatio: { target: 0.85, degraded: 0.8, low: 0.7, critical: 0.5 },
  minReads: 100,
  memory: { warning: 0.8, critical: 0.9 },
  clients: { warning: 0.8, critical: 0.95 },
  errors: { warning: 0.05 },
  certificateDays: { warning: 14, critical: 2 },
  pingMs: 100,
  replicaLagSeconds: 10,
  readsPerWrite: 10,
};
