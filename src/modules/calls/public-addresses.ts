/**
 * Resolves host names only to public addresses. This is for hosts that a customer chose: without this check, a customer
 * could make the agent send packets into the operator's own network. The connection is made to the address that was
 * checked, so a name cannot point to another address in between.
 */
import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

/** Whether an address may be contacted for a customer. */
export type IsPublic = (address: string) => boolean;

/** The error of a host that has no public address. */
export class NotPublicError extends Error {
  override readonly name = 'NotPublicError';
}

/** Replaces the `lookup` of a socket. It is not called for a host that is an address: see `refusePrivate`. */
export function publicLookup(isPublic: IsPublic): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error) {
        callback(error, []);
        return;
      }
      const allowed = found.filter(({ address }) => isPublic(address));
      const [first] = allowed;
      if (!first) callback(new NotPublicError(`${host} has no public address`), []);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** Throws NotPublicError if the host is an address that is not public. */
export function refusePrivate(host: string, isPublic: IsPublic): void {
  const address = host.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0 && !isPublic(address)) throw new NotPublicError(`${host} is not a public address`);
}
