/** The keys of `domains.local_ca`. */
import { block, optional, path, type Static } from '../../../config/building-blocks.js';
import type { Loaded } from '../../../config/loaded.js';
import type { IssuerPart } from '../part.js';

const keys = block('For a lab: a CA on this machine that issues certificates if ACME is disabled.', {
  certificate_file: path('PEM file with the certificate of the CA.', 'certificates'),
  key_file: path('PEM file with the private key of the CA (PKCS #8, EC P-256).', 'private file', {
    keyOf: 'certificate_file',
  }),
});

export type LocalCa = Loaded<Static<typeof keys>>;

/** The part of the configuration that this driver reads. */
export interface LocalCaSettings {
  readonly domains: { readonly local_ca: LocalCa | null };
}

export const localCa = {
  keys: optional(keys),
  checks: [],
  hosts: () => [],
  isOn: ({ domains }: LocalCaSettings) => domains.local_ca !== null,
} satisfies IssuerPart;
