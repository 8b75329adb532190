/**
 * Stores the agent's accounts at certificate authorities. The key of an account is the URL of the authority's ACME
 * directory.
 */
import { createHash } from 'node:crypto';
import type { Secret } from '../../kernel/secret.js';
import type { AcmeAccount, DocumentStore } from '../contract.js';

interface Account {
  readonly key: Secret;
  readonly url: string | null;
}

export function accountStore(accounts: DocumentStore<AcmeAccount>) {
  const idOf = (directoryUrl: string): string =>
    createHash('sha256').update(directoryUrl).digest('hex').slice(0, 40);
  return {
    find: (directoryUrl: string): Account | undefined => accounts.find(idOf(directoryUrl)),
    async save(directoryUrl: string, { key, url }: Account): Promise<void> {
      const id = idOf(directoryUrl);
      await accounts.commit(id, () => ({ schema: 1, id, directoryUrl, key, url }));
    },
  };
}
