/**
 * What Hearth uses of the Pulumi SDK, from the modules that hold it: the SDK's index also loads the Automation API
 * and the TypeScript compiler (for serialising closures, which Hearth does not do), 0.15 s in every preview and
 * twice in every `up`. Types come from "@pulumi/pulumi" itself, with `import type`.
 */
export { Config } from "@pulumi/pulumi/config.js";
export { warn } from "@pulumi/pulumi/log/index.js";
export { all, Output, output, secret, unsecret } from "@pulumi/pulumi/output.js";
export { ComponentResource, CustomResource } from "@pulumi/pulumi/resource.js";
