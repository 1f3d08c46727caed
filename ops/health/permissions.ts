/** Hearth's users that may send what the checks need. On others' Redis, whoever has the same commands. */
const mayAsk: Readonly<Record<string, string>> = {
  INFO: "app, readonly, warmer, exporter or operator",
  "SET, GET, DEL": "app, warmer or operator",
  "CLUSTER INFO": "app, readonly, warmer, exporter or operator",
  "CLUSTER SLOTS": "app, readonly, warmer, exporter or operator",
  "CONFIG GET": "warmer or operator",
  "SENTINEL CKQUORUM": "app, readonly, warmer, exporter or operator",
};

/** Advice where a command was refused: as whom it would not be. */
export function askAs(command: string): string {
  return `${command} needs the endpoint of the user ${mayAsk[command] ?? "operator"}.`;
}
