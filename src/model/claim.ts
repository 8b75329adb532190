/**
 * A claim reserves something that only one service may have: a name, an address, a VMID, a domain or a place on a
 * server.
 */
import { AgentError, type ErrorCode } from '../kernel/errors.js';

/** For example `name shop`, `address 10.0.0.5`, `vmid 10001`, `domain example.com`, `place srv_ab#3`. */
export type Claim = `${ClaimKind} ${string}`;
export type ClaimKind = keyof typeof REFUSALS;

const REFUSALS = {
  name: ['name_taken', 'The subdomain belongs to another service.'],
  address: ['capacity_exhausted', 'The address belongs to another service.'],
  domain: ['domain_taken', 'The domain belongs to another customer.'],
  vmid: ['vmid_taken', 'The VMID belongs to another service.'],
  place: ['capacity_exhausted', 'The place on the server belongs to another service.'],
} as const satisfies Record<string, readonly [ErrorCode, string]>;

/** Thrown when a change needs a claim that another service holds. The change was not made. */
export class ClaimTakenError extends AgentError {
  readonly kind: ClaimKind;

  /**
   * Checks the fields of the error. The check is needed because `instanceof AgentError` is true for every error of that
   * shape.
   */
  static override [Symbol.hasInstance](value: unknown): value is ClaimTakenError {
    return value instanceof AgentError && 'kind' in value;
  }

  constructor(claim: Claim, holder: string) {
    const kind = kindOf(claim);
    const [code, message] = REFUSALS[kind];
    super(code, message, { detail: `${claim} is held by ${holder}` });
    this.kind = kind;
  }
}

function kindOf(claim: Claim): ClaimKind {
  const [kind] = claim.split(' ', 1);
  return kind as ClaimKind;
}
