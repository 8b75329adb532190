/** The checks of Proxmox VE. */
import type { GuestDoctor } from '../doctor.js';
import { accessChecks } from './doctor-access.js';
import { allowedNodes, clusterChecks } from './doctor-cluster.js';
import { lockChecks } from './doctor-locks.js';
import type { ProxmoxDoctorParts } from './doctor-parts.js';
import { proxmoxExaminer } from './examine.js';
import type { GuestLog } from '../contract.js';

type Parts = Omit<ProxmoxDoctorParts, 'pve'> & { readonly log: GuestLog };

export function doctor({ log, ...given }: Parts): GuestDoctor {
  const { config, clock } = given;
  const pve = proxmoxExaminer(config.container_host.proxmox, { clock, log });
  const parts = { ...given, pve };
  return {
    access: accessChecks(parts),
    checks: [...clusterChecks(parts), ...lockChecks(parts)],
    look: (signal) => pve.look(signal),
    containers: (signal) => pve.containers(signal),
    nodes: (view) => allowedNodes(parts, view),
    close: () => pve.close(),
  };
}
