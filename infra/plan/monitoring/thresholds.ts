/** From where on somebody is told. Shares are of 1, times are seconds. */
export interface AlertThresholds {
  /** Memory for data in use, of `maxmemory`. @default 0.8 */
  readonly memoryWarning: number;
  /** @default 0.9 */
  readonly memoryCritical: number;
  /** Reads that hit: what the cache is meant to reach. @default 0.85 */
  readonly hitRatioTarget: number;
  /** @default 0.7 */
  readonly hitRatioLow: number;
  /** @default 0.5 */
  readonly hitRatioCritical: number;
  /** Over a day: a cache below that serves nobody. @default 0.3 */
  readonly hitRatioUseless: number;
  /** Reads a second, of all nodes, from which on a hit ratio says anything. @default 1 */
  readonly minReadsPerSecond: number;
  /** Error replies, of all commands. @default 0.05 */
  readonly errorRatio: number;
  /** Error replies a second, of all nodes, from which on their share says anything. @default 0.05, 15 in five minutes */
  readonly minErrorsPerSecond: number;
  /** Connected clients, of `maxclients`. @default 0.8 */
  readonly clients: number;
  /** How far a replica may be behind its primary. @default 10 */
  readonly replicationLag: number;
  /** Age of the last snapshot, while there are changes that it does not have. @default 7200 */
  readonly snapshotAge: number;
  /** Commands in five minutes that were slow enough for the slow log. @default 50 */
  readonly slowCommands: number;
  /** What a command takes on average, over five minutes. @default 0.005 */
  readonly commandSeconds: number;
  /** What a run of the warmer may take. @default 300 */
  readonly warmSeconds: number;
  /** Keys written, of those that a run should have written. @default 0.95 */
  readonly warmSuccess: number;
  /** How old the last good run may be, where the cache is warmed again and again. @default it may be of any age */
  readonly rewarmWithin?: number | undefined;
  /** What the certificates must have left. @default 1209600, 14 days */
  readonly certificateLeft: number;
}

export const alertThresholds: AlertThresholds = {
  memoryWarning: 0.8,
  memoryCritical: 0.9,
  hitRatioTarget: 0.85,
  hitRatioLow: 0.7,
  hitRatioCritical: 0.5,
  hitRatioUseless: 0.3,
  minReadsPerSecond: 1,
  errorRatio: 0.05,
  minErrorsPerSecond: 0.05,
  clients: 0.8,
  replicationLag: 10,
  snapshotAge: 7200,
  slowCommands: 50,
  commandSeconds: 0.005,
  warmSeconds: 300,
  warmSuccess: 0.95,
  certificateLeft: 14 * 86_400,
};
