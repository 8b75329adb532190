/** The dependencies of the checks of Proxmox VE. */
import type { Clock } from '../../../kernel/clock.js';
import type { AddressPool } from '../../../model/address-pool.js';
import type { ProxmoxSettings } from './config.js';
import type { ProxmoxExaminer } from './examine.js';

/** A product that customers can order. */
export interface OfferedProduct {
  readonly name: string;
  /** The source of the product's containers. Undefined if the product has no container. */
  readonly source: { readonly kind: string; readonly template?: string | undefined } | undefined;
}

export interface ProxmoxDoctorParts {
  readonly configFile: string;
  readonly config: ProxmoxSettings & {
    readonly agent: { readonly id: string };
    readonly addresses: { readonly pools: readonly AddressPool[] };
    readonly plans: readonly { readonly memoryMb: number; readonly diskGb: number }[];
  };
  readonly clock: Clock;
  readonly products: readonly OfferedProduct[];
  readonly pve: ProxmoxExaminer;
}
