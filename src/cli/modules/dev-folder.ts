/** innkeeper module dev */
import { createWriteStream, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFields } from '../../kernel/is-fields.js';
import type { JsonObject } from '../../kernel/json.js';
import { onAbort } from '../../kernel/async/on-abort.js';
import { readAuthored } from '../../modules/authoring/read-authored.js';
import { devModule } from '../../sandbox/dev-module.js';
import { freePort } from '../../sandbox/ports.js';
import { catchSignals } from '../../sandbox/stop-signals.js';
import { CommandFailure } from '../shared/failure.js';
import { say } from '../shared/print.js';

export interface DevFlags {
  readonly port?: string;
  readonly planData?: string;
}

export async function devFolder(folder: string, flags: DevFlags): Promise<void> {
  const port = flags.port === undefined ? undefined : portOf(flags.port);
  const planData = dataOf(flags.planData ?? '{}');
  const module = await readAuthored(folder).catch((error: unknown) => {
    throw new CommandFailure(error instanceof Error ? error.message : String(error));
  });
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-dev-'));
  const remove = (): void => rmSync(stateDir, { recursive: true, force: true, maxRetries: 3 });
  const signals = catchSignals(remove, (stack) => process.stderr.write(`${stack}\n`));
  const { stopped } = signals;
  const logFile = join(stateDir, 'agent.log');
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  try {
    const apiPort = port ?? (await freePort());
    const dev = await devModule({ module, stateDir, apiPort, planData, log, tell: say });
    try {
      say(introOf(module.type, dev.access.api, dev.access.token, logFile));
      if (!stopped.aborted) await untilAborted(stopped);
    } finally {
      await dev.close();
    }
  } finally {
    log.end();
    remove();
    signals.release();
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new CommandFailure(`Expected a port from 0 to 65535, found "${text}".`);
}

function dataOf(text: string): JsonObject {
  try {
    const data: unknown = JSON.parse(text);
    if (isFields(data)) return data as JsonObject;
  } catch {
    // it is reported below
  }
  throw new CommandFailure(`Expected a JSON object for --plan-data, found "${text}".`);
}

function introOf(type: string, api: string, token: string, logFile: string): string {
  const order = `curl -s ${api}/create-site -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
    -d '{"service_id": "1", "plan": "dev", "email": "alice@example.com", "public_ip": "203.0.113.10"}'`;
  return [
    '',
    `  TOKEN=${token}`,
    ...(type === 'product'
      ? [`  ${order}`, `  curl -s "${api}/services/1" -H "authorization: Bearer $TOKEN"`]
      : [`  curl -s ${api}/modules -H "authorization: Bearer $TOKEN"`]),
    `  tail -f ${logFile}`,
    '',
    'The module is read again when its files change. Press Ctrl+C to stop.',
  ].join('\n');
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  // a signal listener alone does not keep the process running
  const awake = setInterval(() => undefined, 1 << 30);
  await new Promise<void>((done) => void onAbort(signal, done));
  clearInterval(awake);
}
