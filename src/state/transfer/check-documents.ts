/** Checks the documents of a whole state, one after the other, and lists the problems by file. Changes nothing. */
import { StringDecoder } from 'node:string_decoder';
import type { AlertRecord } from '../../model/alert.js';
import type { CustomDomainRecord } from '../../model/custom-domain.js';
import { failedOrders } from '../../model/failed-order.js';
import { isOpen, type Job } from '../../model/job.js';
import { Secret } from '../../kernel/secret.js';
import type { Server } from '../../model/server.js';
import type { ModuleRecord } from '../../model/module-record.js';
import { isHeld, keyOf, type Service, type ServiceKey } from '../../model/service.js';
import { checkCollection } from './check-collection.js';
import { alertKind } from '../documents/alert-document.js';
import { ClaimTable, claimsOf } from '../stores/claims.js';
import type { ApiToken } from '../contract.js';
import { type DocumentKind, parseDocument } from '../documents/document.js';
import { domainKind } from '../documents/domain-document.js';
import { KINDS } from '../documents/kinds.js';
import { NewerDocumentError } from '../documents/migrations.js';
import { moduleKind } from '../documents/module-document.js';
import { ModuleCopies } from './module-copies.js';
import type { SecretBox } from '../keys/secret-box.js';
import { keyOfFile, placeOf, serviceKind } from '../documents/service-document.js';
import { serverKind } from '../documents/server-document.js';
import { tokenKind } from '../documents/token-document.js';

export interface Finding {
  /** Below the state folder. */
  readonly file: string;
  /** A sentence without its subject, which is the file. The sentence never contains a value from the document. */
  readonly problem: string;
}

export interface Checked {
  readonly documents: number;
  readonly secrets: number;
  /** Ids of the keys that encrypted secrets. */
  readonly keys: readonly string[];
  readonly findings: readonly Finding[];
  /** Unusual but harmless findings. */
  readonly notes: readonly Finding[];
  /** Addresses that services hold. */
  readonly addresses: readonly string[];
  /** True if a newer release wrote the state. */
  readonly newer: boolean;
  /** Maps every service that has a document to its generation, or to null if the document cannot be read. */
  readonly lives: ReadonlyMap<ServiceKey, number | null>;
  /** Product modules that services need, not counting deleted services. */
  readonly modules: ReadonlySet<string>;
  /** Modules that could not be activated. */
  readonly brokenModules: readonly BrokenModule[];
  /** Problems that need an operator: stuck jobs and failed orders. */
  /** The servers on which products create accounts. */
  readonly servers: readonly Server[];
  readonly troubles: readonly Trouble[];
  /** Alerts that were active when the documents were written. */
  readonly alerts: readonly AlertRecord[];
}

export interface BrokenModule {
  readonly name: string;
  readonly reason: string;
}

export interface Trouble {
  readonly panel: string;
  readonly service: string;
  readonly job: Job;
}

export class DocumentCheck {
  readonly #box: SecretBox | undefined;
  readonly #findings: Finding[] = [];
  readonly #notes: Finding[] = [];
  readonly #keys = new Set<string>();
  readonly #claims = new ClaimTable();
  /** Maps a service key, job id or token hash to the file that contains it. */
  readonly #services = new Map<ServiceKey, string>();
  readonly #unique = new Map<string, string>();
  readonly #domains: { readonly file: string; readonly record: CustomDomainRecord }[] = [];
  readonly #servers = new Map<string, Server>();
  /** Services with an account on a server. */
  readonly #accounts: { readonly file: string; readonly server: string }[] = [];
  /** Services that documents of collections belong to. */
  readonly #owners: { readonly file: string; readonly service: ServiceKey }[] = [];
  readonly #addresses: string[] = [];
  readonly #lives = new Map<ServiceKey, number | null>();
  readonly #modules = new Set<string>();
  readonly #copies = new ModuleCopies();
  readonly #brokenModules: BrokenModule[] = [];
  readonly #troubles: Trouble[] = [];
  readonly #alerts: AlertRecord[] = [];
  #documents = 0;
  #secrets = 0;
  #newer = false;

  /** If `box` is undefined, secrets are only counted, not decrypted. */
  constructor(box: SecretBox | undefined) {
    this.#box = box;
  }

  /** Checks one document. `file` is the path below the state folder. */
  take(file: string, text: string): void {
    const [folder = '', ...rest] = file.split('/');
    const name = rest.at(-1) ?? '';
    if (folder === 'damaged') this.#found(file, 'was set aside as damaged and is not in use');
    else if (name.endsWith('.ndjson')) this.#takeLines(file, text);
    else if (folder === 'services') this.#takeService(file, rest, text);
    else if (name.endsWith('.json')) this.#takeOther(file, folder, name, text);
  }

  /** Checks one file of a copy of a module. The file may have any content and is read to its end. */
  async takeModuleFile(file: string, bytes: AsyncIterable<Buffer>): Promise<void> {
    await this.#copies.take(file, bytes);
  }

  /** Checks the file of a collection, which is read to its end. */
  async takeCollection(file: string, bytes: AsyncIterable<Buffer>): Promise<void> {
    const checked = await checkCollection(file, bytes);
    this.#documents += checked.documents;
    for (const service of checked.services) this.#owners.push({ file, service });
    for (const problem of checked.problems) this.#found(file, problem);
    const failed = new Set<string>();
    for (const { name, sealed } of checked.secrets)
      try {
        this.#open(name, sealed);
      } catch (error) {
        failed.add(error instanceof Error ? error.message : String(error));
      }
    for (const problem of failed) this.#found(file, problem);
  }

  /** Reads a log as a stream, because it may not fit into memory. */
  async takeLog(file: string, bytes: AsyncIterable<Buffer>): Promise<void> {
    let torn = 0;
    for await (const line of linesOf(bytes)) if (line !== '' && !isJson(line)) torn += 1;
    this.#noteTorn(file, torn);
  }

  finish(): Checked {
    for (const { file, service } of this.#owners)
      if (!this.#lives.has(service))
        this.#found(file, `has documents of ${service}, but there is no such service`);
    for (const { file, server } of this.#accounts)
      if (!this.#servers.has(server))
        this.#found(file, `has an account on the server ${server}, but there is no such server`);
    for (const { file, record } of this.#domains)
      if (record.service !== null && !this.#services.has(record.service))
        this.#found(file, `names ${record.service} as its service, but there is no such service`);
    this.#findings.push(...this.#copies.findings());
    if (this.#keys.size > 1)
      this.#notes.push({
        file: '',
        problem: `secrets were encrypted with ${this.#keys.size} keys: ${[...this.#keys].join(', ')}`,
      });
    return {
      documents: this.#documents,
      secrets: this.#secrets,
      keys: [...this.#keys],
      findings: this.#findings,
      notes: this.#notes,
      addresses: this.#addresses,
      newer: this.#newer,
      lives: this.#lives,
      modules: this.#modules,
      servers: [...this.#servers.values()],
      brokenModules: this.#brokenModules,
      troubles: this.#troubles,
      alerts: this.#alerts,
    };
  }

  #found(file: string, problem: string): void {
    this.#findings.push({ file, problem });
  }

  #takeService(file: string, [folder, name = '']: readonly string[], text: string): void {
    const key = keyOfFile(name);
    if (key === undefined) {
      this.#found(file, 'has a name that does not identify a service');
      return;
    }
    const service = this.#parse(file, serviceKind, key, text);
    this.#lives.set(key, service?.generation ?? null);
    if (!service) return;
    if (keyOf(service) !== key) this.#found(file, `has the content of ${keyOf(service)}`);
    else if (placeOf(key).folder !== folder)
      this.#found(file, `belongs in the folder services/${placeOf(key).folder}`);
    this.#services.set(key, file);
    this.#addresses.push(...(service.guest?.addresses.map(({ address }) => address) ?? []));
    if (service.server) this.#accounts.push({ file, server: service.server.id });
    this.#holdApart(file, service);
    if (service.lifecycle !== 'terminated' || isHeld(service)) this.#modules.add(service.module.name);
    const stuck = service.jobs.filter(({ status }) => status === 'stuck');
    for (const job of [...stuck, ...failedOrders(service)])
      this.#troubles.push({ panel: service.panel, service: service.id, job });
  }

  #holdApart(file: string, service: Service): void {
    for (const claim of claimsOf(service)) {
      const other = this.#claims.record(keyOf(service), claim);
      if (other !== undefined)
        this.#found(file, `holds ${claim}, and so does ${other} (${this.#services.get(other) ?? '?'})`);
    }
    for (const job of service.jobs) {
      this.#onlyOnce(file, `job ${job.id}`);
      if (isOpen(job) || job.status === 'stuck') this.#copies.needed(file, job.pinned.module);
    }
  }

  #takeOther(file: string, folder: string, name: string, text: string): void {
    const kind = KINDS[folder];
    if (!kind) {
      if (!isJson(text)) this.#found(file, 'is not complete JSON');
      return;
    }
    const id = name.slice(0, -'.json'.length);
    const value = this.#parse(file, kind, id, text);
    if (!value) return;
    if (value.id !== id) this.#found(file, `has the content of ${value.id}`);
    if (domainKind.fits(value)) this.#domains.push({ file, record: value });
    if (serverKind.fits(value)) this.#servers.set(value.id, value);
    if (tokenKind.fits(value)) this.#takeToken(file, value);
    if (alertKind.fits(value) && value.clearedAt === null) this.#alerts.push(value);
    if (moduleKind.fits(value)) this.#takeModule(file, value);
  }

  #takeModule(file: string, record: ModuleRecord): void {
    const { type, name, state, reason, active, installed, jobs } = record;
    if (state === 'error') this.#brokenModules.push({ name, reason: reason ?? '' });
    for (const version of [active, installed])
      if (version && version.hash !== null)
        this.#copies.needed(file, { type, name, version: version.version, hash: version.hash });
    for (const job of jobs) if (isOpen(job)) this.#copies.needed(file, job.pinned.module);
  }

  #takeToken(file: string, { sha256 }: ApiToken): void {
    this.#onlyOnce(file, `the hash of a token (${sha256.slice(0, 12)}...)`);
  }

  #onlyOnce(file: string, what: string): void {
    const other = this.#unique.get(what);
    if (other === undefined) this.#unique.set(what, file);
    else if (other !== file) this.#found(file, `holds ${what}, and so does ${other}`);
  }

  /**
   * Counts lines that a power failure has left incomplete. Such a line is harmless: its writer never reported it as
   * saved, and later lines begin on a new line.
   */
  #takeLines(file: string, text: string): void {
    this.#noteTorn(file, text.split('\n').filter((line) => line !== '' && !isJson(line)).length);
  }

  #noteTorn(file: string, torn: number): void {
    if (torn > 0)
      this.#notes.push({
        file,
        problem: `has ${torn} incomplete line${torn === 1 ? '' : 's'}, probably because of a power failure`,
      });
  }

  #parse<T>(file: string, kind: DocumentKind<T>, id: string, text: string): T | undefined {
    this.#documents += 1;
    try {
      return parseDocument(kind, id, text, (name, sealed) => this.#open(name, sealed));
    } catch (error) {
      if (error instanceof NewerDocumentError) this.#newer = true;
      this.#found(
        file,
        error instanceof NewerDocumentError
          ? `has ${error.message}`
          : String(error instanceof Error ? error.message : error),
      );
      return undefined;
    }
  }

  #open(name: string, sealed: string): Secret {
    this.#secrets += 1;
    const [, keyId] = /^v1:([0-9a-f]{16}):/.exec(sealed) ?? [];
    if (keyId === undefined)
      throw new Error('a secret in it is not in the form v1:<key id>:<iv>:<ciphertext>:<tag>');
    this.#keys.add(keyId);
    return this.#box ? this.#box.open(name, sealed) : new Secret('');
  }
}

/** Maximum length of a line, which is longer than any real line of a log. */
const LONGEST_LINE = 8 * 1024 ** 2;

/** Splits a stream into lines. A line that exceeds the maximum length is cut and is therefore counted as incomplete. */
async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of bytes) {
    const [first = '', ...others] = decoder.write(chunk).split('\n');
    if (rest.length <= LONGEST_LINE) rest += first;
    for (const line of others) {
      yield rest;
      rest = line;
    }
  }
  yield rest + decoder.end();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
