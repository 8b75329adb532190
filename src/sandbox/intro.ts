/** What `innkeeper sandbox` prints for a person: commands that work as they are pasted. */
import type { Access } from './access.js';
import type { Environment } from './environment.js';

export interface Intro {
  readonly world: Environment;
  readonly access: Access;
  /** Absent with `--world`. */
  readonly logFile: string | undefined;
  /** The state folder was asked for with `--state` and is kept. */
  readonly kept: boolean;
  readonly hasDig: boolean;
}

export function introText(intro: Intro): string {
  const { world, access, logFile, kept } = intro;
  const { api, token, door } = access;
  const lines =
    logFile === undefined
      ? [
          `Innkeeper's sandbox world is up (${world.backend}), without the daemon. Start that in another terminal:`,
          '',
          `  npm start -- --config ${word(world.configFile)}`,
          '',
          'Then try:',
        ]
      : [
          `Innkeeper is up at ${api}, with a sandbox world around it (${world.backend}). Try in another terminal:`,
        ];
  return [
    '',
    ...lines,
    '',
    `  TOKEN=${word(token)}`,
    '',
    '  # order a site, as a billing panel does',
    `  curl -s ${api}/create-site -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
    `    -d '{"service_id": "12", "email": "anna@example.com", "plan": "basic", "public_ip": "203.0.113.10"}'; echo`,
    '',
    '  # what became of it, and the job with its steps',
    `  curl -s "${api}/status?service_id=12" -H "Authorization: Bearer $TOKEN"; echo`,
    `  curl -s "${api}/jobs?service_id=12" -H "Authorization: Bearer $TOKEN"; echo`,
    '',
    '  # the site itself, by its name, over TLS, through the proxy',
    `  curl -s --cacert ${word(door.caFile)} \\`,
    `    --connect-to anna.sandbox.test:443:${door.address}:${door.httpsPort} https://anna.sandbox.test/`,
    ...digLines(intro),
    '',
    `State   ${world.stateDir}${kept ? ' (kept)' : ' (removed at the end; keep it with --state DIR)'}`,
    ...(logFile === undefined ? [] : [`Log     ${logFile}`]),
    `Faults  ${world.control}/faults (docs/sandbox.md)`,
    'Stop    Ctrl-C',
    '',
  ].join('\n');
}

function digLines({ world, hasDig }: Intro): string[] {
  if (!hasDig) return [];
  const { host, port } = world.dns;
  return ['', '  # its DNS record', `  dig +short @${host} -p ${port} anna.sandbox.test`];
}

/** A word for the shell. */
function word(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
