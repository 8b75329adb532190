/** All records on disk together: sites and certificates. */
import { join } from 'node:path';
import {
  type Certificates,
  loadCertificates,
  prepareCertificates,
  saveCertificates,
} from './certificates.js';
import { loadSites, prepareSites, saveSites, type Sites } from './sites.js';

export interface Records {
  readonly sites: Sites;
  readonly certificates: Certificates;
}

export interface LoadedRecords {
  readonly records: Records;
  /** Maps the name of each invalid file to the reason. Such files are not removed, but their records are not served. */
  readonly damaged: ReadonlyMap<string, string>;
}

/** @param dir the driver's folder */
export async function loadRecords(dir: string): Promise<LoadedRecords> {
  const [sites, certificates] = await Promise.all([
    loadSites(join(dir, 'sites')),
    loadCertificates(join(dir, 'certificates')),
  ]);
  return {
    records: { sites: sites.sites, certificates: certificates.certificates },
    damaged: new Map([...sites.damaged, ...certificates.damaged]),
  };
}

/**
 * Creates the folders and removes incomplete files that a crash left behind. Only the process that writes may call
 * this.
 */
export async function prepareRecords(dir: string): Promise<void> {
  await prepareSites(join(dir, 'sites'));
  await prepareCertificates(dir);
}

export async function saveRecords(
  dir: string,
  current: Records,
  next: Records,
  leftovers: Iterable<string>,
): Promise<void> {
  await saveSites(join(dir, 'sites'), current.sites, next.sites, leftovers);
  await saveCertificates(join(dir, 'certificates'), current.certificates, next.certificates);
}
