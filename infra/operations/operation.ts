import type * as pulumi from "@pulumi/pulumi";
import { CustomResource } from "../pulumi.ts";
import { providerText } from "./provider-text.ts";

/**
 * A resource whose work the bundled tool does: it is asked to create, read, update or delete, with these
 * inputs as JSON on its stdin. The same thing as `pulumi.dynamic.Resource`, with a provider whose text is
 * known beforehand (see provider-text.ts). `outputs` names what the tool adds to the inputs.
 */
export abstract class Operation extends CustomResource {
  protected constructor(
    type: string,
    operation: string,
    name: string,
    inputs: Record<string, unknown>,
    outputs: readonly string[],
    opts: pulumi.CustomResourceOptions = {},
  ) {
    const unset = Object.fromEntries(outputs.map((output) => [output, undefined]));
    super(
      `pulumi-nodejs:dynamic/hearth:${type}`,
      name,
      { ...unset, ...inputs, operation, __provider: providerText },
      opts,
    );
  }
}
