/** The addresses of a `bind`, which are separated by spaces. */
export function bindsOf(bind: string | undefined): string[] {
  const addresses = (bind ?? "").split(/\s+/).filter((address) => address !== "");
  return addresses.length === 0 ? ["127.0.0.1"] : addresses;
}

/** The first address that a node listens on, as this machine reaches it; a wildcard is reached over loopback. */
export function reachedAt(bind: string | undefined): string {
  const [first = "127.0.0.1"] = bindsOf(bind);
  return first === "0.0.0.0" || first === "*" ? "127.0.0.1" : first === "::" ? "::1" : first;
}
