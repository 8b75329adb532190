/**
 * Caches status responses, because thousands of panel pages request them every few seconds and they rarely change.
 */
import type { ServiceKey } from '../model/service.js';
import type { ClusterView } from '../drivers/guest/contract.js';
import type { ServiceEntry } from '../state/contract.js';
import type { Caller } from '../model/caller.js';
import type { Certificate } from '../model/certificate.js';
import { type StatusFacts, statusFacts, statusNow, type StatusSources } from './read-status.js';

interface Ready {
  /** The service's entry. The store replaces it at every change of the service. */
  readonly entry: ServiceEntry;
  readonly facts: StatusFacts;
  /** The beginning of the JSON text with the facts, without its closing brace. */
  readonly beginning: string;
  view: ClusterView | undefined;
  stale: number | undefined;
  certificate: Certificate | null;
  drift: ReturnType<StatusSources['drift']['of']>;
  account: ReturnType<StatusSources['accounts']['of']>;
  text: string;
}

/** Maximum number of cached responses, of about 4 KB each. Beyond this number, the oldest response is dropped. */
const MOST = 50_000;

export interface StatusTexts {
  /**
   * Returns the JSON text at once if the service's facts are in memory, else a promise that resolves when the document
   * has been read. Throws `service_not_found` or `state_damaged`.
   */
  read(caller: Pick<Caller, 'panel'>, id: string): string | Promise<string>;
}

export function makeStatusTexts(sources: StatusSources): StatusTexts {
  const { watch } = sources;
  const { services } = sources.state;
  const known = new Map<ServiceKey, Ready>();

  const make = async (key: ServiceKey, entry: ServiceEntry | undefined): Promise<string> => {
    const facts = statusFacts(sources, await services.get(key));
    // the text is built in two parts, because serialising all fields for every view of the cluster takes ten times as
    // long
    const beginning = `${JSON.stringify({ success: true, ...facts.told }).slice(0, -1)},`;
    const now = {
      view: watch.latest(),
      stale: watch.staleSince(),
      certificate: sources.certificate(),
      drift: sources.drift.of(key),
      account: sources.accounts.of(key),
    };
    const text = textOf(sources, facts, beginning);
    // if a change has replaced the entry in the meantime, the facts may be out of date, so they are not cached
    if (entry === undefined || services.entry(key) !== entry) return text;
    const [first] = known.keys();
    if (first !== undefined && known.size >= MOST) known.delete(first);
    known.set(key, { entry, facts, beginning, text, ...now });
    return text;
  };

  const upToDate = (ready: Ready): string => {
    const view = watch.latest();
    const stale = watch.staleSince();
    const certificate = sources.certificate();
    const drift = sources.drift.of(ready.facts.key);
    const account = sources.accounts.of(ready.facts.key);
    if (
      ready.view !== view ||
      ready.stale !== stale ||
      ready.certificate !== certificate ||
      ready.drift !== drift ||
      ready.account !== account
    ) {
      ready.text = textOf(sources, ready.facts, ready.beginning);
      ready.view = view;
      ready.stale = stale;
      ready.certificate = certificate;
      ready.drift = drift;
      ready.account = account;
    }
    return ready.text;
  };

  return {
    read({ panel }, id) {
      const key: ServiceKey = `${panel}/${id}`;
      const entry = services.entry(key);
      const ready = known.get(key);
      return ready !== undefined && ready.entry === entry ? upToDate(ready) : make(key, entry);
    },
  };
}

function textOf(sources: StatusSources, facts: StatusFacts, beginning: string): string {
  return `${beginning}${JSON.stringify(statusNow(sources, facts)).slice(1)}`;
}
