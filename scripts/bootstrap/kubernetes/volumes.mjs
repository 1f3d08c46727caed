// Claims of the one-node cluster are served by folders of the machine; they go with their claims.
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";

const provisioner = "hearth.test/folders";
const storageClassName = "folders";
const busy = new Set();

/** Makes volumes for the claims that wait for one, and removes those that were released. */
export async function serveVolumes(core, folder, claims, volumes) {
  const wanted = claims.filter(
    ({ metadata, spec, status }) =>
      spec.storageClassName === storageClassName &&
      status?.phase === "Pending" &&
      // The scheduler has found a pod that uses it.
      metadata.annotations?.["volume.kubernetes.io/selected-node"],
  );
  const released = volumes.filter(
    ({ spec, status }) => spec.storageClassName === storageClassName && status?.phase === "Released",
  );
  await Promise.all([
    ...wanted.map((claim) => once(nameOf(claim), () => make(core, folder, claim))),
    ...released.map((volume) => once(volume.metadata.name, () => remove(core, volume))),
  ]);
}

async function once(name, work) {
  if (busy.has(name)) return;
  busy.add(name);
  try {
    await work();
  } finally {
    busy.delete(name);
  }
}

async function make(core, folder, claim) {
  const { name, namespace, uid, annotations } = claim.metadata;
  const place = path.join(folder, nameOf(claim));
  mkdirSync(place, { recursive: true });
  chmodSync(place, 0o777);
  const node = annotations["volume.kubernetes.io/selected-node"];
  const terms = [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] }];
  const body = {
    metadata: { name: nameOf(claim), annotations: { "pv.kubernetes.io/provisioned-by": provisioner } },
    spec: {
      storageClassName,
      capacity: claim.spec.resources.requests,
      accessModes: claim.spec.accessModes,
      persistentVolumeReclaimPolicy: "Delete",
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid },
      local: { path: place },
      nodeAffinity: { required: { nodeSelectorTerms: terms } },
    },
  };
  try {
    await core.createPersistentVolume({ body });
  } catch (error) {
    if (error.code !== 409) throw error; // made a moment ago
  }
}

async function remove(core, { metadata, spec }) {
  rmSync(spec.local.path, { recursive: true, force: true });
  try {
    await core.deletePersistentVolume({ name: metadata.name });
  } catch (error) {
    if (error.code !== 404) throw error;
  }
}

function nameOf({ metadata }) {
  return `pvc-${metadata.uid}`;
}
