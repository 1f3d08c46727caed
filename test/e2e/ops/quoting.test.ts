import { afterAll, expect, it } from "vitest";
import { freePorts, Lab } from "./lab.ts";

const lab = new Lab();
afterAll(() => lab.close());

it.each([
  "percent%hash#dollar$1",
  `"double" and 'single'`,
  "back\\slash\\n\\x41",
  "  blanks at both ends  ",
  "ünïcödé 🔑",
  "# a comment",
  "include /etc/passwd",
])("a server reads the password %j as it is", async (nasty) => {
  const [port = 0] = await freePorts(1);
  const node = lab.node(`n${port}`, port, { password: nasty });
  await lab.start(node);
  expect(await lab.ask(node, "CONFIG", "GET", "masterauth")).toEqual(["masterauth", nasty]);
});

it("refuses a password with a line break before anything is written", async () => {
  const [port = 0] = await freePorts(1);
  const node = lab.node("broken", port, { password: "one\nrequirepass two" });
  await expect(lab.start(node)).rejects.toThrow("directives.masterauth: control characters are not allowed");
});
