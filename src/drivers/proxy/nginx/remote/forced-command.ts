/**
 * Creates the line for authorized_keys on the proxy host. This line limits the agent's key to the actions that the
 * agent needs with this configuration.
 */
import ssh2 from 'ssh2';
import type { NginxSettings } from '../config.js';

const SCRIPT = '/usr/lib/innkeeper/innkeeper-proxy';
const STATUS_PORT = 8079;

/** The part of the configuration from which the line is created. */
export interface ForcedCommandSettings {
  readonly proxy: Pick<NginxSettings['proxy'], 'nginx' | 'ssh'>;
  readonly addresses: { readonly pools: readonly { readonly first: string; readonly last: string }[] };
}

export function forcedCommand({ proxy: { nginx }, addresses }: ForcedCommandSettings): string {
  const upstreams = addresses.pools.map(({ first, last }) => `${first}-${last}`).join(',');
  return [
    ...[SCRIPT, `--dir=${nginx.dir}`, `--certificate=${nginx.certificate_file}`],
    `--certificate-key=${nginx.certificate_key_file}`,
    ...(nginx.status_port === STATUS_PORT ? [] : [`--status-port=${nginx.status_port}`]),
    `--upstreams=${upstreams}`,
  ].join(' ');
}

export function authorizedKeysLine(config: ForcedCommandSettings): string {
  const key = config.proxy.ssh ? publicKeyOf(config.proxy.ssh.private_key.reveal()) : undefined;
  return `restrict,command="${forcedCommand(config)}" ${key ?? '<the public key>'} innkeeper-proxy`;
}

function publicKeyOf(text: string): string | undefined {
  const parsed = ssh2.utils.parseKey(text);
  return parsed instanceof Error ? undefined : `${parsed.type} ${parsed.getPublicSSH().toString('base64')}`;
}
