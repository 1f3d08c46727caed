import * as pulumi from "@pulumi/pulumi";

/** A resource as it was registered with the mocked engine. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** Runs a program against Pulumi's mocks and returns what it registered, in the order of names. */
export async function registered(program: () => unknown): Promise<Registered[]> {
  return (await registeredInOrder(program)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The same in the order of registration: each waits for what it depends on, and for the values of its inputs.
 *
 * @param state outputs that resources of a type have already, as those from an earlier update
 */
export async function registeredInOrder(
  program: () => unknown,
  state: Readonly<Record<string, object>> = {},
): Promise<Registered[]> {
  const resources: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs, id }) {
        const { __provider: _, ...visible } = inputs;
        if (type !== "pulumi:pulumi:Stack") resources.push({ type, name, inputs: visible });
        const users: string[] = inputs.users ?? [];
        const given = inputs.given?.value ?? inputs.given; // a secret comes in an envelope
        const passwords = Object.fromEntries(users.map((user) => [user, given?.[user] ?? `generated-${user}`]));
        const nodes: { name: string }[] = inputs.nodes?.value ?? inputs.nodes ?? [];
        const pairOf = (name: string) => ({ cert: `certificate of ${name}`, key: `key of ${name}` });
        const issued = {
          ca: "authority",
          servers: Object.fromEntries(nodes.map((node) => [node.name, pairOf(node.name)])),
          client: pairOf("a client"),
          expiresAt: "2028-01-01T00:00:00.000Z",
        };
        const made = { instance: `${name}@1`, dataId: `data-of-${name}`, primaries: [], passwords, previous: {} };
        const outputs: Record<string, object> = {
          Passwords: { createdIn: inputs.run },
          Certificates: issued,
          RemoteImage: { imageId: `id of ${inputs.name}` },
          ImageServer: { version: "7.0.15" },
          Rollout: {
            instances: nodes.map((node) => `${node.name}@1`),
            dataIds: nodes.map((node) => `data-of-${node.name}`),
          },
        };
        const more = { ...made, ...outputs[type.split(":").at(-1) ?? ""] };
        return { id: id || `${name}-id`, state: { ...more, ...inputs, ...state[type.split(":").at(-1) ?? ""] } };
      },
      call: () => ({}),
    },
    "hearth",
    "test",
  );
  try {
    await program();
  } finally {
    await pulumi.runtime.disconnect();
  }
  return resources;
}

/** The value of an output, under mocks. */
export function resolved<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}
