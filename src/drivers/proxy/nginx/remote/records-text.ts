/**
 * The format in which the records are sent to systemd/innkeeper-proxy, and in which it stores them. Each record is
 * one line with words in a fixed order. The last line contains the number of lines.
 */
import type { Mark } from '../../../../kernel/mark.js';
import type { ProxyHost } from '../../contract.js';
import { PROXY_STATES } from '../../../../model/proxy-state.js';
import type { CertificateEntry } from '../certificates.js';
import { checkHost, checkName, fileNameOf, refused, upstreamOf } from '../record.js';
import type { Records } from '../records.js';

export interface Kept {
  readonly records: Records;
  /** The version, as digits. It is `0` if there are no records yet. */
  readonly version: string;
}

/** @param after the version of the records that these records replace */
export function encodeRecords({ records, version }: Kept, after: string): string {
  const lines = [
    `innkeeper-proxy 1 ${version} ${after}`,
    ...[...records.sites.values()].map(siteLine),
    ...[...records.certificates.values()].map(
      ({ id, file, names }) => `certificate ${id} ${file} ${names.join(' ')}`,
    ),
  ];
  return `${lines.join('\n')}\nend ${lines.length}\n`;
}

function siteLine(host: ProxyHost): string {
  const { mark, names, upstream, state } = checkHost(host);
  const key = fileNameOf(mark).replace(/\.json$/, '');
  return `site ${key} ${mark.agent} ${state} ${upstreamOf(upstream)} ${names.join(' ')}`;
}

/**
 * Parses the text. An empty text means that there are no records yet. Throws `proxy_failed` if the text does not have
 * the format of `encodeRecords`.
 */
export function decodeRecords(text: string): Kept {
  const sites = new Map<string, ProxyHost>();
  const certificates = new Map<string, CertificateEntry>();
  if (text === '') return { records: { sites, certificates }, version: '0' };
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.pop() !== `end ${lines.length}`) throw bad('its end is missing');
  const [, version] = /^innkeeper-proxy 1 ([1-9]\d{0,15}) \d{1,16}$/.exec(lines.shift() ?? '') ?? [];
  if (version === undefined) throw bad('it is not of version 1');
  for (const line of lines) {
    const [kind, first = '', second = '', ...rest] = line.split(' ');
    if (kind === 'site') {
      const host = hostOf(first, second, rest);
      sites.set(fileNameOf(host.mark), host);
    } else if (kind === 'certificate') {
      rest.forEach(checkName);
      certificates.set(first, { id: first, file: second, names: rest });
    } else throw bad(`a line is not a record: ${line.slice(0, 80)}`);
  }
  return { records: { sites, certificates }, version };
}

function hostOf(key: string, agent: string, [state, upstream = '', ...names]: readonly string[]): ProxyHost {
  const [panel = '', service = '', generation = ''] = key.split('~');
  const mark: Mark = { agent, panel, service, generation: Number(generation) };
  const [, six, four, port] = /^(?:\[(.+)\]|(.+)):(\d+)$/.exec(upstream) ?? [];
  const known = PROXY_STATES.find((each) => each === state);
  if (known === undefined) throw bad(`${key} has the state ${JSON.stringify(state)}`);
  return checkHost({
    mark,
    names,
    upstream: { address: six ?? four ?? '', port: Number(port) },
    state: known,
  });
}

function bad(problem: string): Error {
  return refused(`the records on the proxy host cannot be read: ${problem}`);
}
