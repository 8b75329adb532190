/** What the tests of failed orders share: the command line as an operator types it, and alerts as they are told. */
import { spawn } from 'node:child_process';
import { fields } from '../http/harness.js';
import { CLI } from './daemon-process.js';
import type { Fields, House } from './harness.js';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line, as an operator types it. */
export function innkeeper(house: Pick<House, 'configFile'>, ...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args, '--config', house.configFile]);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += String(text)));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

export const completed = (status: Fields): boolean => status['provision_status'] === 'completed';
export const failed = (status: Fields): boolean => status['provision_status'] === 'failed';

export const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fields) : []);

/** The active alerts of a kind, once there are so many. */
export async function alertsOf(house: House, kind: string, count: number): Promise<Fields[]> {
  const path = '/alerts';
  const of = (body: Fields): Fields[] => list(body['alerts']).filter(({ alert }) => alert === kind);
  return of(await house.until(path, (body) => of(body).length === count));
}

/** The panel's token may do what an operator may: then its answers show what operators see. */
export async function withAdmin(written: Fields): Promise<Fields> {
  const api = fields(written['api']);
  const tokens = list(api['tokens']).map((token) => ({ ...token, permissions: ['admin'] }));
  // a failure that may pass is tried again: soon
  return { api: { ...api, tokens }, jobs: { retry_s: 1 } };
}
