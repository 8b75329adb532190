/** The text that `innkeeper sandbox` prints for users, with commands that can be pasted into a shell. */
import type { Access } from './access.js';
import type { Environment } from './environment.js';

export interface Intro {
  readonly environment: Environment;
  readonly access: Access;
  /** The URL of the daemon's API. It is absent with `--world`, because the sandbox then starts no daemon. */
  readonly logFile: string | undefined;
  /** True if the state folder was given with `--state` and is therefore kept. */
  readonly kept: boolean;
  readonly hasDig: boolean;
}

export function introText(intro: Intro): string {
  const { environment, access, logFile, kept } = intro;
  const { api, token, publicEndpoint } = access;
  const lines =
    logFile === undefined
      ? [
          `The sandbox environment is running (${environment.backend}), without the daemon. Start the daemon in ` +
            'another terminal:',
          '',
          `  npm start -- --config ${word(environment.configFile)}`,
          '',
          'Then try:',
        ]
      : [
          `Innkeeper is running at ${api}, in a sandbox environment (${environment.backend}). Try in another ` +
            'terminal:',
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
    '  # its status, and the job with its steps',
    `  curl -s "${api}/status?service_id=12" -H "Authorization: Bearer $TOKEN"; echo`,
    `  curl -s "${api}/jobs?service_id=12" -H "Authorization: Bearer $TOKEN"; echo`,
    '',
    '  # the site, over TLS, through the proxy',
    `  curl -s --cacert ${word(publicEndpoint.caFile)} \\`,
    `    --connect-to anna.sandbox.test:443:${publicEndpoint.address}:${publicEndpoint.httpsPort} https://anna.sandbox.test/`,
    ...digLines(intro),
    '',
    `State   ${environment.stateDir}${kept ? ' (kept)' : ' (removed at the end; keep it with --state DIR)'}`,
    ...(logFile === undefined ? [] : [`Log     ${logFile}`]),
    `Faults  ${environment.control}/faults (docs/sandbox.md)`,
    'Stop    Ctrl-C',
    '',
  ].join('\n');
}

function digLines({ environment, hasDig }: Intro): string[] {
  if (!hasDig) return [];
  const { host, port } = environment.dns;
  return ['', '  # its DNS record', `  dig +short @${host} -p ${port} anna.sandbox.test`];
}

/** Quotes a word for the shell if necessary. */
function word(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
