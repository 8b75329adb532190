/**
 * Customers' DNS zones: requests that are performed at once, without a job. The name server and the agent's records
 * must agree in the end.
 */
import { recordId } from '../../src/model/zone-record.js';
import { domainOf, type Operation, type Subject } from './operation.js';
import { untilAnswered } from './panel.js';
import type { Picture } from './picture.js';
import { awake } from './ready.js';
import type { Call, Rig } from './harness.js';

const NAME_SERVER = 'ns1.sandbox.test';
const ADDRESS = '198.51.100.7';

const call = (what: string, body: object): Call => ({ path: `/customdomain/${what}`, body: { ...body } });
const addZone = (service: Subject): Call =>
  call('add/zone', { user_id: `u${service.n}`, domain: domainOf(service) });
const addRecord = (service: Subject): Call =>
  call('add/record', { zone: domainOf(service), type: 'A', name: 'shop', ip: ADDRESS });
const removeZone = (service: Subject): Call => call('delete/zone', { domain: domainOf(service) });

async function good(rig: Rig, wanted: Call): Promise<Readonly<Record<string, unknown>>> {
  const answer = await untilAnswered(rig, wanted);
  if (answer.status === 200) return answer.body;
  throw new Error(`${wanted.path}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

/** Delegates the domain to this provider's name servers. */
async function delegated(rig: Rig, service: Subject): Promise<void> {
  await awake(rig, service);
  const values = [`${NAME_SERVER}.`];
  await rig.control('PUT', '/dns', { name: domainOf(service), type: 'NS', values });
}

async function withZone(rig: Rig, service: Subject): Promise<void> {
  await delegated(rig, service);
  await good(rig, addZone(service));
}

async function withRecord(rig: Rig, service: Subject): Promise<void> {
  await withZone(rig, service);
  await good(rig, addRecord(service));
}

const shop = (service: Subject): string => `shop.${domainOf(service)}.`;
const zoneOf = ({ world }: Picture, service: Subject) =>
  world.zones.find(({ name }) => name === `${domainOf(service)}.`);
const addressesOf = (picture: Picture, service: Subject): string[] =>
  (zoneOf(picture, service)?.records ?? [])
    .filter(({ name, type }) => name === shop(service) && type === 'A')
    .flatMap(({ records }) => records.map(({ content }) => content));
const onRecord = ({ zones }: Picture, service: Subject): boolean =>
  zones.some(({ zone, goneAt, making }) => zone === domainOf(service) && !goneAt && making !== true);

export const ZONES: readonly Operation[] = [
  {
    name: 'zone add',
    ready: delegated,
    call: addZone,
    already: ['zone_exists'],
    done: (_after, _before, service, picture) =>
      zoneOf(picture, service) !== undefined && onRecord(picture, service),
  },
  {
    name: 'zone remove',
    ready: withZone,
    call: removeZone,
    done: (_after, _before, service, picture) =>
      zoneOf(picture, service) === undefined && !onRecord(picture, service),
  },
  {
    name: 'record add',
    ready: withZone,
    call: addRecord,
    already: ['record_exists'],
    done: (_after, _before, service, picture) => addressesOf(picture, service).join() === ADDRESS,
  },
  {
    name: 'record remove',
    ready: withRecord,
    call: (service) =>
      call('delete/record', {
        zone_id: domainOf(service),
        rc_id: recordId('A', `shop.${domainOf(service)}`, ADDRESS),
      }),
    done: (_after, _before, service, picture) =>
      addressesOf(picture, service).length === 0 && onRecord(picture, service),
  },
];
