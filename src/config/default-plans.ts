/**
 * The plans that are sold if the configuration names none. `config/plans.yaml` lists the same plans as a template for
 * operators.
 */
import type { Plan } from '../model/plan.js';

export const DEFAULT_PLANS: readonly Plan[] = [
  {
    name: 'basic',
    aliases: ['WordPress Basic'],
    memoryMb: 2048,
    swapMb: 512,
    diskGb: 20,
    cores: 2,
    domains: 3,
    backups: 2,
  },
  {
    name: 'standard',
    aliases: ['WordPress Standard'],
    memoryMb: 4096,
    swapMb: 512,
    diskGb: 40,
    cores: 2,
    domains: 5,
    backups: 3,
  },
  {
    name: 'premium',
    aliases: ['WordPress Premium'],
    memoryMb: 8192,
    swapMb: 512,
    diskGb: 80,
    cores: 4,
    domains: 10,
    backups: 5,
  },
];
