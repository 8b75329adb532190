/** The privileges of the sandbox's token, which are exactly those that docs/installing.md grants. */
import {
  neededPrivileges,
  type PrivilegedConfig,
  privilegesByPath,
} from '../drivers/guest/proxmox/privileges.js';
import type { Grants } from './pve/grants.js';

export function documentedGrants(config: PrivilegedConfig): Grants {
  return { privsep: false, user: privilegesByPath(neededPrivileges(config)), token: {} };
}
