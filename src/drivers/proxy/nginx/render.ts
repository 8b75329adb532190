/**
 * Renders all records as the one file `<dir>/nginx.conf`. The operator includes it once, inside `http { }`:
 *
 *     include /var/lib/innkeeper/proxy/nginx.conf;
 *
 * and removes other `default_server`s on the same ports (Debian: sites-enabled/default). The file sets `map_hash_*`;
 * the operator's own configuration must not. One server with maps, not a server per site: nginx tests and loads 5,000
 * sites in the time of one.
 */
import ipaddr from 'ipaddr.js';
import type { NginxConfig } from './config.js';
import { AgentError } from '../../../kernel/errors.js';
import type { ProxyHost } from '../contract.js';
import type { CertificateEntry } from './certificates.js';
import { upstreamOf } from './record.js';

const PAGES = '/.innkeeper-pages/';

/** @param version digits; what the status server answers once nginx serves this text */
export function renderNginx(
  config: NginxConfig,
  hosts: readonly ProxyHost[],
  version: string,
  certificates: readonly CertificateEntry[] = [],
): string {
  return [
    '# Written by innkeeper from sites/*.json. Changes made here are lost.',
    renderMaps(config, hosts, certificates),
    renderServers(config, `"${digits(version)}"`),
  ].join('\n');
}

/** For a host that keeps the maps itself (systemd/innkeeper-proxy): all that does not change with the sites. */
export function renderFront(config: NginxConfig): string {
  return [
    '# Made by `innkeeper proxy files` from the configuration of the agent.',
    `include ${path(`${config.dir}/maps.conf`)};`,
    renderServers(config, '$innkeeper_version'),
  ].join('\n');
}

/** What changes with the sites. systemd/innkeeper-proxy renders the same text. */
export function renderMaps(
  config: Pick<NginxConfig, 'dir' | 'certificate_file' | 'certificate_key_file'>,
  hosts: readonly ProxyHost[],
  certificates: readonly CertificateEntry[],
): string {
  const served = hosts.filter((host) => host.state !== 'disabled');
  const hosted = served.flatMap((host) => host.names);
  const certified = certificates.flatMap((entry) => entry.names);
  const file = (entry: CertificateEntry, kind: 'pem' | 'key'): string =>
    path(`${config.dir}/certificates/${entry.file}.${kind}`);
  return [
    ...hashSizes(hosted.length > certified.length ? hosted.length : certified.length, [
      ...hosted,
      ...certified,
    ]),
    map('$host', '$innkeeper_upstream', '""', served, (host) => upstreamOf(host.upstream)),
    map('$host', '$innkeeper_state', 'unknown', served, (host) => host.state),
    map('$ssl_server_name', '$innkeeper_certificate', path(config.certificate_file), certificates, (entry) =>
      file(entry, 'pem'),
    ),
    map(
      '$ssl_server_name',
      '$innkeeper_certificate_key',
      path(config.certificate_key_file),
      certificates,
      (entry) => file(entry, 'key'),
    ),
  ].join('\n');
}

/** @param version what the status server answers, in nginx's words */
function renderServers(config: NginxConfig, version: string): string {
  return [FIXED_MAPS, '', plainServer(config), secureServer(config), statusServer(config, version)].join(
    '\n',
  );
}

const FIXED_MAPS = `map $innkeeper_state $innkeeper_page { preparing preparing; suspended suspended; enabled unavailable; default unknown; }
map $innkeeper_state $innkeeper_retry { preparing 5; suspended 3600; enabled 10; default ""; }
map $http_upgrade $innkeeper_connection { default upgrade; "" ""; }
map $http_host $innkeeper_port { default ""; "~(?<innkeeper_port_found>:[0-9]+)$" $innkeeper_port_found; }`;

/** Names hold a dot, so that none can be one of map's own words (\`default\`, \`include\`, ...). */
function map<T extends { readonly names: readonly string[] }>(
  from: string,
  to: string,
  otherwise: string,
  entries: readonly T[],
  value: (entry: T) => string,
): string {
  const lines = entries.flatMap((entry) => {
    const right = value(entry);
    return entry.names.map((name) => `    ${name} ${right};`);
  });
  return [`map ${from} ${to} {`, `    default ${otherwise};`, ...lines, '}'].join('\n');
}

/** nginx refuses a map whose longest key does not fit a bucket, and warns when the table is too small. */
function hashSizes(most: number, names: readonly string[]): string[] {
  const longest = names.reduce((length, name) => Math.max(length, name.length), 0);
  const bucket = Math.max(128, Math.ceil((longest + 40) / 64) * 64);
  let size = 2048;
  while (size < most * 2) size *= 2;
  return [`map_hash_bucket_size ${bucket};`, `map_hash_max_size ${size};`];
}

function plainServer(config: NginxConfig): string {
  const port = config.https_port === 443 ? '' : `:${config.https_port}`;
  return `server {
${listens(config, config.http_port, 'default_server')}
    server_name _;
    server_tokens off;
    error_page 404 ${PAGES}unknown.html;
    # Answers to a certificate authority, for every name and before any redirect.
    location ^~ /.well-known/acme-challenge/ {
        alias ${path(`${config.dir}/challenges/`)};
        types { }
        default_type text/plain;
    }
    location / {
        if ($innkeeper_state = unknown) { return 404; }
        return 301 https://$host${port}$request_uri;
    }
${pagesLocation(config)}
}`;
}

function secureServer(config: NginxConfig): string {
  return `server {
${listens(config, config.https_port, 'ssl http2 default_server')}
    server_name _;
    server_tokens off;
    ssl_certificate $innkeeper_certificate;
    ssl_certificate_key $innkeeper_certificate_key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:innkeeper:10m;
    ssl_session_timeout 1d;
    ssl_session_tickets off;
    client_max_body_size ${whole(config.max_upload_mb, 'max_upload_mb')}m;
${realIp(config)}    error_page 404 ${PAGES}unknown.html;
    location / {
        recursive_error_pages on;
        # 46x: codes of our own, so that nothing else is meant by them
        error_page 461 =404 ${PAGES}unknown.html;
        error_page 462 502 504 =503 ${PAGES}$innkeeper_page.html;
        error_page 463 = @innkeeper_preparing;
        if ($innkeeper_state = unknown) { return 461; }
        if ($innkeeper_state = suspended) { return 462; }
        if ($innkeeper_state = preparing) { return 463; }
${PASSING}
    }
    # A site that is not finished may fail as it likes: its visitors do not see it.
    location @innkeeper_preparing {
        proxy_intercept_errors on;
        error_page 500 502 503 504 =503 ${PAGES}preparing.html;
${PASSING}
    }
${pagesLocation(config)}
}`;
}

const PASSING = `        proxy_pass http://$innkeeper_upstream;
        proxy_http_version 1.1;
        proxy_set_header Host $host$innkeeper_port;
        proxy_set_header Connection $innkeeper_connection;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Host $host$innkeeper_port;
        proxy_set_header X-Forwarded-Port $server_port;
        proxy_set_header Forwarded "";
        proxy_redirect off;
        proxy_connect_timeout 4s;
        proxy_send_timeout 60s;
        proxy_read_timeout 300s;`;

/** Reached by error_page only; every answer from here says that it is not to be kept. */
function pagesLocation(config: NginxConfig): string {
  return `    location ^~ ${PAGES} {
        internal;
        alias ${path(`${config.dir}/pages/`)};
        types { }
        default_type "text/html; charset=utf-8";
        add_header Cache-Control no-store always;
        add_header Retry-After $innkeeper_retry always;
    }`;
}

function statusServer(config: NginxConfig, version: string): string {
  return `server {
    listen 127.0.0.1:${port(config.status_port)};
    server_name innkeeper-status;
    server_tokens off;
    access_log off;
    keepalive_timeout 0;
    location = /innkeeper-version { default_type text/plain; return 200 ${version}; }
    location / { return 404; }
}
`;
}

function listens(config: NginxConfig, number: number, words: string): string {
  const lines = config.listen.map(
    (address) => `    listen ${listenAddress(address)}:${port(number)} ${words};`,
  );
  return lines.join('\n');
}

function listenAddress(address: string): string {
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  if (bare === '*') return '*';
  if (bare.includes('%') || !ipaddr.isValid(bare)) throw bad('listen', address);
  const parsed = ipaddr.parse(bare);
  return parsed.kind() === 'ipv6' ? `[${parsed.toString()}]` : parsed.toString();
}

function realIp(config: NginxConfig): string {
  if (config.real_ip_from.length === 0) return '';
  const lines = config.real_ip_from.map((source) => {
    if (!ipaddr.isValid(source) && !ipaddr.isValidCIDR(source)) throw bad('real_ip_from', source);
    return `    set_real_ip_from ${source};\n`;
  });
  return `${lines.join('')}    real_ip_header X-Forwarded-For;\n    real_ip_recursive on;\n`;
}

function path(value: string): string {
  if (!/^\/[A-Za-z0-9._/@+,:= -]*$/.test(value)) throw bad('path', value);
  return `"${value}"`;
}

function port(value: number): number {
  if (whole(value, 'port') > 65_535) throw bad('port', String(value));
  return value;
}

function whole(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 1) throw bad(what, String(value));
  return value;
}

function bad(what: string, value: string): AgentError {
  return new AgentError('proxy_failed', 'The reverse proxy is configured wrongly.', {
    role: 'reverse proxy',
    failure: 'refused_us',
    system: 'proxy',
    detail: `proxy.nginx: ${what} cannot be ${JSON.stringify(value)}`,
  });
}

function digits(value: string): string {
  if (!/^\d{1,16}$/.test(value)) throw bad('version', value);
  return value;
}
