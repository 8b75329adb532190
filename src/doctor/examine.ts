/**
 * `innkeeper doctor`: the list of all checks and their dependencies. The checks change nothing, except that they
 * create a temporary DNS record and reload the proxy.
 */
import { pino } from 'pino';
import type { Check, DriverDoctor, Line } from '../drivers/shared/doctor/check.js';
import { type DriverDoctors, openDriverDoctors } from './driver-doctors.js';
import { apiChecks } from './checks/api.js';
import { clockChecks } from './checks/clock.js';
import { descriptorChecks } from './checks/descriptors.js';
import { documentsOf } from './documents.js';
import { hookChecks } from './checks/hooks.js';
import { knownContainersCheck } from './checks/known-containers.js';
import { modulesCheck } from './checks/modules.js';
import { serversCheck } from './checks/servers.js';
import { stateChecks } from './checks/state.js';
import { troubleChecks } from './checks/troubles.js';
import type { DoctorParts } from './parts.js';
import { type CheckEnded, runChecks } from './run-checks.js';

/** All checks. `close` ends their connections. */
export async function openChecks(parts: DoctorParts): Promise<DriverDoctor> {
  const doctors = await openDriverDoctors(parts, pino({ level: 'silent' }));
  const { guest, others } = doctors;
  return {
    checks: allChecks(parts, doctors),
    async close() {
      await Promise.all([guest, ...others].map((doctor) => doctor.close()));
    },
  };
}

/** The checks, in the order in which an operator should fix problems. */
function allChecks(parts: DoctorParts, { guest, others }: DriverDoctors): Check[] {
  const documents = documentsOf(parts);
  return [
    ...stateChecks(parts, documents.read),
    ...clockChecks(parts),
    ...descriptorChecks(parts),
    ...troubleChecks(documents.read),
    modulesCheck(parts, documents.read),
    serversCheck(documents.read),
    ...apiChecks(parts),
    ...guest.access,
    knownContainersCheck({ ...parts, guest }, documents.read, documents.readAgain),
    ...guest.checks,
    ...others.flatMap(({ checks }) => checks),
    ...hookChecks(parts),
  ];
}

/** Runs all checks. If the installation has a problem, the promise does not reject: the result contains the problem. */
export async function examine(parts: DoctorParts, ended?: CheckEnded): Promise<Line[]> {
  const doctor = await openChecks(parts);
  try {
    return await runChecks(doctor.checks, ended);
  } finally {
    await doctor.close();
  }
}
