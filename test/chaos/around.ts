/** Puts boundaries around all effects of a daemon: its state's files, its drivers' calls, its responses. */
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { relative } from 'node:path';
import type { Drivers } from '../../src/drivers/table.js';
import type { FileSystem } from '../../src/state/files/file-system.js';
import type { Boundaries } from './boundaries.js';

/** Calls that only read, or that no remote system notices. */
const SILENT = new Set(['place', 'spread', 'close', 'look', 'usedAddresses', 'listOsTemplates']);

/** Boundaries before and after every change, and in the middle of a write, when half of the text is written. */
export function aroundFiles(real: FileSystem, stateDir: string, points: Boundaries): FileSystem {
  const kindOf = (path: string): string => relative(stateDir, path).split('/')[0] ?? '';
  const around = async <T>(what: string, path: string, work: () => Promise<T>): Promise<T> => {
    const name = `${kindOf(path)} ${what}`;
    points.pass(`${name} before`);
    const result = await work();
    points.pass(`${name} after`);
    return result;
  };
  const torn = (what: string, path: string, text: string, flag: 'w' | 'a'): void => {
    const name = `${kindOf(path)} ${what} torn`;
    if (points.isLast(name)) writeFileSync(path, text.slice(0, text.length / 2), { mode: 0o600, flag });
    points.pass(name);
  };
  return {
    ...real,
    write: (path, text) =>
      around('write', path, () => {
        torn('write', path, text, 'w');
        return real.write(path, text);
      }),
    append: (path, text) =>
      around('append', path, () => {
        torn('append', path, text, 'a');
        return real.append(path, text);
      }),
    rename: (from, to) => around('rename', to, () => real.rename(from, to)),
    unlink: (path) => around('unlink', path, () => real.unlink(path)),
    async syncFolder(path) {
      await real.syncFolder(path);
      points.pass(`${kindOf(path)} sync after`);
    },
  };
}

export function aroundDrivers(real: Drivers, points: Boundaries): Drivers {
  return {
    guest: aroundCalls('guest', real.guest, points),
    exec: aroundCalls('exec', real.exec, points),
    dns: aroundCalls('dns', real.dns, points, ['zones']),
    proxy: aroundCalls('proxy', real.proxy, points),
    web: aroundCalls('web', real.web, points),
    lookup: aroundCalls('lookup', real.lookup, points),
    issuer: aroundCalls('issuer', real.issuer, points),
  };
}

/** `parts`: members that are drivers themselves. */
function aroundCalls<D extends object>(
  kind: string,
  driver: D,
  points: Boundaries,
  parts: readonly string[] = [],
): D {
  return new Proxy(driver, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof key === 'string' && parts.includes(key) && typeof member === 'object' && member !== null)
        return aroundCalls(`${kind}.${key}`, member, points);
      if (typeof member !== 'function' || typeof key !== 'string' || SILENT.has(key)) return member;
      return async (...args: unknown[]): Promise<unknown> => {
        points.pass(`${kind}.${key} before`);
        try {
          return await (Reflect.apply(member, target, args) as Promise<unknown>);
        } finally {
          points.pass(`${kind}.${key} after`);
        }
      };
    },
  });
}

/** Only for requests that change something: a read can simply be repeated. */
export function aroundAnswers(points: Boundaries): void {
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.method === 'GET') return;
    const end = response.end.bind(response);
    response.end = (...args: unknown[]): ServerResponse => {
      points.pass('answer before');
      return Reflect.apply(end, response, args) as ServerResponse;
    };
    response.once('finish', () => points.pass('answer after'));
  });
}
