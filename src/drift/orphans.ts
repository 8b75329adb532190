/**
 * Finds objects that carry this agent's mark and no longer belong to a service. If it is doubtful whether an object may
 * be removed, the object is only listed. The rules are pure.
 */
import type { ServicePicture } from './desired-state.js';
import { formatMark, isOfTemplate, type Mark, sameMark } from '../kernel/mark.js';
import type { ServiceKey } from '../model/service.js';
import type { ActualState } from '../model/actual-state.js';

export type OrphanKind = 'container' | 'ha' | 'dns' | 'proxy';

export interface Orphan {
  readonly id: string;
  readonly kind: OrphanKind;
  readonly mark: Mark;
  /** `container 2012 on pve2`, for operators. */
  readonly what: string;
  /**
   * `ended`: the object's service was deleted. `former`: the object is from an earlier use of the service's id.
   * `unknown`: the service has no record. `living`: the service exists.
   */
  readonly why: 'ended' | 'former' | 'unknown' | 'living';
  /** Why the object must not be removed, or null. */
  readonly doubt: string | null;
  readonly vmid: number | null;
  readonly record: { readonly name: string; readonly type: string } | null;
}

export interface OrphanQuestion {
  readonly agent: string;
  readonly pictures: ReadonlyMap<ServiceKey, ServicePicture>;
  readonly actual: ActualState;
  /**
   * True if some documents could not be read. An object whose service is unknown may belong to one of these documents.
   */
  readonly damaged: boolean;
  /** The service that holds the VMID now, if any. */
  readonly holderOf: (vmid: number) => ServiceKey | undefined;
}

type Found = Pick<Orphan, 'kind' | 'mark' | 'what' | 'vmid' | 'record'> & { readonly doubt: string | null };

export function findOrphans(question: OrphanQuestion): Orphan[] {
  return foundOf(question)
    .filter(({ mark }) => mark.agent === question.agent)
    .flatMap((found) => {
      const judged = judge(question, found);
      const id = `${found.kind} ${found.what} ${formatMark(found.mark)}`;
      return judged ? [{ id, ...found, ...judged, doubt: found.doubt ?? judged.doubt }] : [];
    });
}

function foundOf({ actual, holderOf }: OrphanQuestion): Found[] {
  const none = { vmid: null, record: null };
  const containers = (actual.containers?.read ?? []).flatMap(({ mark, markAlone, ...one }): Found[] => {
    if (!mark) return [];
    const twins = actual.containers?.read.filter((other) => sameMark(other.mark, mark)) ?? [];
    const doubts = [
      doubtOf(markAlone),
      twins.length > 1 ? `${twins.length} containers carry this mark` : null,
      one.template ? 'it is a template' : null,
      claimed(holderOf(one.vmid), mark),
    ];
    const what = `container ${one.vmid} on ${one.node}`;
    return [{ ...none, kind: 'container', mark, what, vmid: one.vmid, doubt: first(doubts) }];
  });
  const resources = (actual.ha ?? []).flatMap(({ mark, markAlone, vmid }): Found[] => {
    if (!mark) return [];
    const unsure = !actual.containers || actual.containers.unread.includes(vmid);
    const present = actual.containers?.read.find((one) => one.vmid === vmid);
    const doubts = [
      doubtOf(markAlone),
      unsure ? 'the container with this VMID could not be read' : null,
      present && !sameMark(present.mark, mark) ? 'the container with this VMID has a different mark' : null,
    ];
    return [{ ...none, kind: 'ha', mark, what: `HA resource ct:${vmid}`, vmid, doubt: first(doubts) }];
  });
  const records = (actual.dns ?? []).flatMap(({ mark, markAlone, name, type }): Found[] =>
    mark
      ? [
          {
            ...none,
            kind: 'dns',
            mark,
            what: `DNS record ${name} ${type}`,
            record: { name, type },
            doubt: doubtOf(markAlone),
          },
        ]
      : [],
  );
  const hosts = (actual.proxy ?? []).map(({ mark, names }): Found => {
    const what = `proxy host ${names.join(',')}`;
    return { ...none, kind: 'proxy', mark, what, doubt: null };
  });
  // the objects are in the order in which a deletion removes them; containers are last, because removing a container
  // also removes its HA resource
  return [...hosts, ...records, ...resources, ...containers];
}

/**
 * Decides whether the object is an orphan. Undefined when the object belongs to a living service, to a service with an
 * open or stuck job, or to a golden template.
 */
function judge(
  { pictures, damaged }: OrphanQuestion,
  { kind, mark, vmid }: Found,
): Pick<Orphan, 'why' | 'doubt'> | undefined {
  const picture = pictures.get(`${mark.panel}/${mark.service}`);
  if (!picture && isOfTemplate(mark)) return undefined;
  if (!picture)
    return {
      why: 'unknown',
      doubt: damaged ? 'it may belong to a service whose document cannot be read' : null,
    };
  if (picture.life === 'busy' || picture.life === 'stuck') return undefined;
  if (mark.generation > picture.generation)
    return {
      why: 'unknown',
      doubt: 'its generation is newer than the one in the state: was an old copy of the state restored?',
    };
  if (mark.generation < picture.generation) return { why: 'former', doubt: null };
  if (picture.life === 'left')
    return { why: 'living', doubt: 'its creation was abandoned: delete the service' };
  if (picture.life === 'ended') return { why: 'ended', doubt: null };
  const own = vmid === null || picture.expected?.guest?.vmid === vmid;
  // objects of other kinds that a living service should not have are reported as drift of the service
  if (own || (kind !== 'container' && kind !== 'ha')) return undefined;
  return { why: 'living', doubt: 'its service exists, but has a different container' };
}

function doubtOf(markAlone: boolean): string | null {
  return markAlone ? null : 'its description contains more than the mark';
}

function claimed(holder: ServiceKey | undefined, mark: Mark): string | null {
  if (holder === undefined || holder === `${mark.panel}/${mark.service}`) return null;
  return `its VMID is held by service ${holder}`;
}

function first(doubts: readonly (string | null)[]): string | null {
  return doubts.find((doubt) => doubt !== null) ?? null;
}

/**
 * Why the object must not be removed; null if it may be removed. `unknown` is true if the operator also wants to remove
 * objects whose service has no record.
 */
export function refusal({ doubt, why }: Orphan, { unknown }: { readonly unknown: boolean }): string | null {
  if (doubt !== null) return doubt;
  if (why === 'unknown' && !unknown)
    return 'its service is not in the state: was an old copy of the state restored?';
  return null;
}
