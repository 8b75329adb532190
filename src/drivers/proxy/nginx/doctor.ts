/**
 * Checks the reverse proxy: its folder, its configuration, a reload, and the wildcard certificate of the base domain.
 */
import type { X509Certificate } from 'node:crypto';
import { fetchCertificate, fetchServedCertificate } from '../../shared/served-certificate.js';
import type { Clock } from '../../../kernel/clock.js';
import { daysLeft, judgeTime, lookAtFiles } from '../../shared/doctor/certificate-files.js';
import {
  type Check,
  type DriverDoctor,
  ok,
  sentenceOf,
  type Verdict,
  warning,
  whoAmI,
  wrong,
  word,
  worst,
} from '../../shared/doctor/check.js';
import { authorizeCommand, sshFixes } from '../../shared/doctor/ssh-advice.js';
import type { NginxSettings } from './config.js';
import { type NginxExaminer, nginxExaminer } from './examine.js';
import { type ForcedCommandSettings, authorizedKeysLine } from './remote/forced-command.js';

interface Parts {
  readonly configFile: string;
  readonly config: NginxSettings &
    ForcedCommandSettings & { readonly agent: { readonly base_domain: string } };
  readonly clock: Clock;
}

export function doctor(parts: Parts): DriverDoctor {
  const nginx = nginxExaminer(parts.config.proxy, parts.config.addresses.pools, parts.clock);
  return { checks: proxyChecks(parts, nginx), close: () => nginx.close() };
}

function proxyChecks(parts: Parts, nginx: NginxExaminer): Check[] {
  const { config } = parts;
  const { dir, test, reload } = config.proxy.nginx;
  const testCommand = test.map(word).join(' ');
  return [
    {
      name: 'proxy.test',
      title: 'folder and configuration of the proxy',
      after: [],
      look: [testCommand],
      run: unlessAway(parts, async (signal) => {
        const folder = await nginx.unwritable();
        if (folder !== undefined)
          return wrong(
            `${whoAmI()} cannot write to ${folder}`,
            `install -d -o ${whoAmI()} -m 755 ${word(dir)}`,
          );
        const complaint = await nginx.test(signal);
        if (complaint?.includes(`${dir}/nginx.conf`) === true && !(await nginx.hasRendering(signal)))
          return ok("nginx includes the agent's file, which the daemon writes when it starts");
        return complaint === undefined
          ? ok('nginx accepts the configuration')
          : wrong(
              `nginx rejects the configuration: ${complaint}`,
              config.proxy.ssh ? 'nginx -t   # on the proxy host' : testCommand,
            );
      }),
    },
    {
      name: 'proxy.reload',
      title: 'reload of the proxy',
      after: ['proxy.test'],
      look: ['journalctl -u nginx -n 50'],
      run: unlessAway(parts, async (signal) => {
        if (!(await nginx.hasRendering(signal))) return ok('nothing has been written before the first start');
        const { written, served } = await nginx.reload(signal);
        if (written === served) return ok(`it reloads and serves the current configuration (${written})`);
        const there = config.proxy.ssh ? '   # on the proxy host' : '';
        const commands = config.proxy.ssh
          ? 'nginx -t && nginx -s reload'
          : `${testCommand} && ${reload.map(word).join(' ')}`;
        return wrong(
          `nginx serves ${served ?? 'no version of the configuration'} on port ${config.proxy.nginx.status_port} ` +
            `instead of version ${written}`,
          `grep -rn ${word(`${dir}/nginx.conf`)} /etc/nginx || sed -i 's|^http {|http {\\n    include ${dir}/nginx.conf;|' /etc/nginx/nginx.conf${there}`,
          `${commands}${there}`,
        );
      }),
    },
    {
      name: 'certificate',
      title: 'wildcard certificate of the base domain',
      after: [],
      look: [
        `openssl s_client -connect ${parts.config.proxy.door.address}:${parts.config.proxy.door.https_port} -servername ${parts.config.agent.base_domain} </dev/null`,
      ],
      run: () => (config.proxy.ssh === null ? checkCertificate(parts) : checkShown(parts)),
    },
  ];
}

type Run = (signal: AbortSignal) => Promise<Verdict>;

/**
 * If a problem prevents the doctor from querying nginx at all, reports this problem instead of the result. Each of
 * these problems needs different commands.
 */
function unlessAway({ config, configFile }: Parts, run: Run): Run {
  const { ssh, nginx } = config.proxy;
  return async (signal) => {
    try {
      return await run(signal);
    } catch (error) {
      const said = sentenceOf(error);
      if (ssh) {
        const line = authorizedKeysLine(config);
        const name = 'the proxy host';
        const there = {
          ...ssh,
          knownHosts: ssh.known_hosts_file,
          name,
          authorize: authorizeCommand(line, name),
        };
        return wrong(said, ...sshFixes(said, there));
      }
      if (/could not be started/.test(said))
        return wrong(said, 'apt install nginx', `# in ${configFile}: proxy.nginx.test and .reload`);
      return wrong(said, nginx.test.map(word).join(' '), 'systemctl restart nginx');
    }
  };
}

/** Checks the certificate that visitors get, because the doctor cannot read the files of a proxy on another host. */
async function checkShown({ config, clock }: Parts): Promise<Verdict> {
  const base = config.agent.base_domain;
  const { door } = config.proxy;
  const shown = await fetchCertificate({ listen: [door.address], https_port: door.https_port })(
    `probe.${base}`,
  );
  if (!shown)
    return wrong(
      `${door.address}:${door.https_port} serves none for probe.${base}`,
      `openssl s_client -connect ${door.address}:${door.https_port} -servername probe.${base} </dev/null`,
    );
  return worst(judgeNames(shown, base, clock), ok(`for ${base} and *.${base}, until ${shown.validTo}`));
}

function judgeNames(certificate: X509Certificate, base: string, clock: Clock): Verdict[] {
  const verdicts: Verdict[] = [];
  const renew = renewalOf(base);
  const lacking = [base, `probe.${base}`].filter((name) => certificate.checkHost(name) === undefined);
  if (lacking.length > 0)
    verdicts.push(
      wrong(`it is for ${certificate.subjectAltName ?? 'no name'}, not for ${base} and *.${base}`, renew),
    );
  return [...verdicts, ...judgeTime(certificate, clock, renew)];
}

const renewalOf = (base: string): string =>
  `certbot certonly --manual --preferred-challenges dns -d ${word(base)} -d '*.${base}'`;

async function checkCertificate(parts: Parts): Promise<Verdict> {
  const { config, clock } = parts;
  const { certificate_file: file, certificate_key_file: keyFile } = config.proxy.nginx;
  const base = config.agent.base_domain;
  const renew = renewalOf(base);
  const looked = await lookAtFiles({ file, keyFile, renew });
  if ('unreadable' in looked) return looked.unreadable;
  const { certificate } = looked;
  const verdicts = [...judgeNames(certificate, base, clock), ...looked.verdicts];
  const shown = await fetchServedCertificate(config.proxy.nginx)(base);
  if (shown !== undefined && shown !== certificate.fingerprint256)
    verdicts.push(
      warning(
        `nginx still serves a different one (${shown.slice(0, 23)}...)`,
        config.proxy.nginx.reload.map(word).join(' '),
      ),
    );
  return worst(verdicts, ok(`for ${base} and *.${base}, expires in ${daysLeft(certificate, clock)} days`));
}
