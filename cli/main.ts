/**
 * `hearth`: what the Pulumi resources ask for (`hearth operation`), and the commands that people use.
 *
 * An update waits for the start of `hearth operation`, which therefore loads nothing that it does not need: no
 * commander, and the warmer when it is asked for.
 */
async function main(): Promise<void> {
  // By it ioredis would print every command that it sends, AUTH with its password among them.
  delete process.env.DEBUG;
  if (process.argv[2] === "operation") {
    const [{ runOperations }, { operations }] = await Promise.all([
      import("./operation.ts"),
      import("./operations.ts"),
    ]);
    process.exit(await runOperations(operations));
  }
  const { runCommands } = await import("./program.ts");
  await runCommands(process.argv);
}

main().catch((error: unknown) => {
  process.stderr.write(`hearth: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
