import { checkCertificates } from "./checks/certificate.ts";
import { checkClients } from "./checks/clients.ts";
import { checkConnection } from "./checks/connection.ts";
import { checkErrors } from "./checks/errors.ts";
import { checkHitRatio } from "./checks/hit-ratio.ts";
import { checkMemory } from "./checks/memory.ts";
import { checkPersistence } from "./checks/persistence.ts";
import { checkQuorum } from "./checks/quorum.ts";
import { checkReadWrite } from "./checks/read-write.ts";
import { checkReplication } from "./checks/replication.ts";
import { checkSlots } from "./checks/slots.ts";
import { type Finding, inOrder } from "./finding.ts";
import type { Observed } from "./observed.ts";

const checks: readonly ((observed: Observed) => Finding[])[] = [
  checkConnection,
  checkReadWrite,
  checkReplication,
  checkQuorum,
  checkSlots,
  checkMemory,
  checkClients,
  checkPersistence,
  checkCertificates,
  checkHitRatio,
  checkErrors,
];

/** What every check finds in what was seen. Pure. */
export function judge(observed: Observed): Finding[] {
  return inOrder(checks.flatMap((check) => check(observed)));
}
