import type { AskedDirective, DirectiveValue } from "../../../contract/nodes.ts";
import type { RedisArgs } from "../args.ts";
import { resolveStandalone } from "../defaults.ts";
import { versionsOf } from "./directives.ts";

/**
 * Directives that the user asks for and that not every server has or accepts: the target looks whether its own does,
 * in the preview. Defaults that a server does not have are left out without a word.
 */
export function askedDirectives(args: RedisArgs): AskedDirective[] {
  const asked = (property: string, directive: string, value: DirectiveValue): AskedDirective => ({
    property,
    directive,
    value,
    ...versionsOf(directive),
  });
  const { maxmemoryClients } = resolveStandalone(args);
  const { setMaxListpackEntries: entries, setMaxListpackValue: value } = args.encodings ?? {};
  return [
    ...Object.entries(args.extraDirectives ?? {}).map(([name, given]) =>
      asked(`extraDirectives.${name}`, name.toLowerCase(), typeof given === "string" ? given : [...given]),
    ),
    ...(args.activeDefrag ? [asked("activeDefrag", "activedefrag", "yes")] : []),
    ...(args.maxmemoryClients === undefined ? [] : [asked("maxmemoryClients", "maxmemory-clients", maxmemoryClients)]),
    ...(entries === undefined
      ? []
      : [asked("encodings.setMaxListpackEntries", "set-max-listpack-entries", `${entries}`)]),
    ...(value === undefined ? [] : [asked("encodings.setMaxListpackValue", "set-max-listpack-value", `${value}`)]),
  ];
}
