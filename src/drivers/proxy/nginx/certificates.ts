/**
 * Manages the certificates in the proxy's folder. `certificates/<id>.json` lists the names for which nginx serves the
 * certificate `<file>.pem` with the key `<file>.key`. A new certificate gets new files, so that nginx never loads a
 * certificate with the key of another one. nginx's workers read the files at each handshake. Therefore, the files get
 * the owner, group and read permissions of the configured certificate's key, which the operator has made readable for
 * the workers.
 */
import { createHash } from 'node:crypto';
import { chown, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { lazyCheck } from '../../../kernel/lazy-check.js';
import type { NginxConfig as WholeConfig } from './config.js';
import { makeFolder, removeLeftovers, replaceFile, syncFolder } from '../../shared/durable-file.js';
import type { ProxyCertificate } from '../contract.js';
import { checkName, refused } from './record.js';

export interface CertificateEntry {
  readonly id: string;
  readonly names: readonly string[];
  /** The name of both files without `.pem` and `.key`. */
  readonly file: string;
}

/** Maps IDs to entries. The map is never changed in place. */
export type Certificates = ReadonlyMap<string, CertificateEntry>;

type NginxConfig = Pick<WholeConfig, 'dir' | 'certificate_key_file'>;

const ID = /^[a-z0-9]{1,64}$/;
const entrySchema = lazyCheck(
  Type.Object(
    {
      schema: Type.Literal(1),
      id: Type.String({ pattern: ID.source }),
      names: Type.Array(Type.String(), { minItems: 1, maxItems: 100, uniqueItems: true }),
      file: Type.String({ pattern: '^[a-z0-9]{1,64}-[0-9a-f]{16}$' }),
    },
    { additionalProperties: false },
  ),
);
const READ = 0o044;

export async function loadCertificates(
  folder: string,
): Promise<{ certificates: Certificates; damaged: ReadonlyMap<string, string> }> {
  const certificates = new Map<string, CertificateEntry>();
  const damaged = new Map<string, string>();
  const taken = new Set<string>();
  for (const file of (await namesIn(folder)).filter((name) => name.endsWith('.json')).sort()) {
    try {
      const entry = decode(await readFile(join(folder, file), 'utf8'));
      if (`${entry.id}.json` !== file) throw new Error(`it belongs in ${entry.id}.json`);
      const clash = entry.names.find((name) => taken.has(name));
      if (clash !== undefined) throw new Error(`${clash} already has another certificate`);
      await Promise.all(['pem', 'key'].map((kind) => stat(join(folder, `${entry.file}.${kind}`))));
      for (const name of entry.names) taken.add(name);
      certificates.set(entry.id, entry);
    } catch (error) {
      damaged.set(file, error instanceof Error ? error.message : String(error));
    }
  }
  return { certificates, damaged };
}

function decode(text: string): CertificateEntry {
  const value: unknown = JSON.parse(text);
  if (!entrySchema.Check(value)) throw new Error('it is not the record of a certificate');
  value.names.forEach(checkName);
  const { id, names, file } = value;
  return { id, names, file };
}

export async function prepareCertificates(dir: string): Promise<void> {
  for (const name of ['certificates', 'challenges']) {
    const folder = join(dir, name);
    await makeFolder(folder, 0o755);
    await removeLeftovers(folder);
  }
}

export async function saveCertificates(
  folder: string,
  current: Certificates,
  next: Certificates,
): Promise<void> {
  const write = [...next.values()].filter((entry) => current.get(entry.id) !== entry);
  const remove = [...current.keys()].filter((id) => !next.has(id));
  if (write.length + remove.length === 0) return;
  for (const entry of write) {
    const text = `${JSON.stringify({ schema: 1, ...entry }, undefined, 1)}\n`;
    await replaceFile(join(folder, `${entry.id}.json`), text, 0o644);
  }
  for (const id of remove) await rm(join(folder, `${id}.json`), { force: true });
  await syncFolder(folder);
}

/**
 * Writes the certificate and its key. No record may refer to them yet. Throws `proxy_failed` if the key does not match
 * the certificate.
 */
export async function writePair(
  config: NginxConfig,
  certificate: ProxyCertificate,
): Promise<CertificateEntry> {
  const { id, names, chain, key } = certificate;
  if (!ID.test(id)) throw refused(`not an id of a certificate: ${JSON.stringify(id)}`);
  if (names.length === 0) throw refused('a certificate without names');
  names.forEach(checkName);
  const digest = createHash('sha256').update(chain).digest('hex').slice(0, 16);
  const entry: CertificateEntry = { id, names: [...names], file: `${id}-${digest}` };
  const folder = join(config.dir, 'certificates');
  await makeFolder(folder, 0o755);
  const like = await stat(config.certificate_key_file).catch(() => undefined);
  const keyFile = join(folder, `${entry.file}.key`);
  await replaceFile(keyFile, key.reveal(), 0o600 | ((like?.mode ?? 0) & READ));
  // Only root or a member of the group is allowed to set the group. An error is ignored here, because the driver
  // detects later whether nginx can read the file.
  if (like)
    await chown(keyFile, like.uid, like.gid).catch(() => chown(keyFile, -1, like.gid).catch(() => {}));
  await replaceFile(join(folder, `${entry.file}.pem`), chain, 0o644);
  await syncFolder(folder);
  return entry;
}

/** Removes all certificates and keys of this ID except `kept`. */
export async function removePairs(config: NginxConfig, id: string, kept?: string): Promise<void> {
  const folder = join(config.dir, 'certificates');
  const old = (await namesIn(folder)).filter(
    (file) =>
      file.startsWith(`${id}-`) && /\.(?:pem|key)$/.test(file) && file.replace(/\.(?:pem|key)$/, '') !== kept,
  );
  await Promise.all(old.map((file) => rm(join(folder, file), { force: true })));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
