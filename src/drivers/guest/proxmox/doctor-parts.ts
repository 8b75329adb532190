/** The dependencies of the checks of Proxmox VE. */
import type { Clock } from '../../../kernel/clock.js';
import type { ProxmoxSettings } from './config.js';
import type { ProxmoxExaminer } from './examine.js';

/** A product that can be ordered. */
export interface OfferedProduct {
  readonly name: string;
  /** The source of its containers; undefined: the product has none. */
  readonly source: { readonly kind: string; readonly template?: string | undefined } | undefined;
}

export interface ProxmoxDoctorParts {
  readonly configFile: string;
  readonly config: ProxmoxSettings & {
    readonly agent: { readonly id: string };
    readonly plans: readonly { readonly memoryMb: number; readonly diskGb: number }[];
  };
  readonly clock: Clock;
  readonly products: readonly OfferedProduct[];
  readonly pve: ProxmoxExaminer;
}
