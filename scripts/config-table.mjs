// Prints the README's table of configuration keys: node scripts/config-table.mjs
import { configTable } from "../infra/config-keys.ts";

console.log(configTable());
