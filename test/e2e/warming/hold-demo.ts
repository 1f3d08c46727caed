import { startDemoDatabase } from "../../../warmer/demo/index.ts";

// A tool that starts the demo database and is then killed from outside. Prints the URL.
const database = await startDemoDatabase(process.argv[2] === undefined ? {} : { directory: process.argv[2] });
process.stdout.write(`${database.url}\n`);
setInterval(() => {}, 1000);
