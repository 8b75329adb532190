/** innkeeper service list | show | retry | forget | reset-credentials */
import type { Command } from 'commander';
import { asking, type AskOptions, daemonOf, readAll } from '../shared/ask.js';
import { formatCell } from '../shared/format-cell.js';
import { type Fields, fieldsOf, listOf } from '../shared/daemon.js';
import { innkeeper } from '../../kernel/command-line.js';
import { causeIn, jobColumns } from '../jobs/job-columns.js';
import { column, facts, say, sayJson, table } from '../shared/print.js';

interface ListOptions extends AskOptions {
  readonly status?: string;
  readonly plan?: string;
  readonly node?: string;
  readonly find?: string;
}

export function addServiceCommands(program: Command): void {
  const service = program.command('service').description('manage services');
  asking(service.command('list').description("list a panel's services"))
    .option('--status <word>', 'only services with one of these statuses, e.g. running,failed')
    .option('--plan <name>', 'only services with this plan')
    .option('--node <name>', 'only services on this node')
    .option('--find <text>', 'only services whose ID or name contains this text')
    .action(async (_, command: Command) => list(command.optsWithGlobals()));
  asking(service.command('show').description('show one service'))
    .argument('<id>', 'ID of the service in the panel')
    .action(async (id: string, _, command: Command) => show(id, command.optsWithGlobals()));
  asking(service.command('retry').description('repeat a failed order, or resume a stuck job'))
    .argument('<id>', 'ID of the service in the panel')
    .action(async (id: string, _, command: Command) => retry(id, command.optsWithGlobals()));
  asking(service.command('forget').description('forget a service whose container can no longer be reached'))
    .argument('<id>', 'ID of the service in the panel')
    .requiredOption(
      '--confirm <id>',
      'the ID again as a confirmation, because a forgotten service cannot be restored',
    )
    .action(async (id: string, _, command: Command) => forget(id, command.optsWithGlobals()));
  asking(service.command('reset-credentials').description("reset the password of the site's administrator"))
    .argument('<id>', 'ID of the service in the panel')
    .action(async (id: string, _, command: Command) => resetCredentials(id, command.optsWithGlobals()));
}

async function list(options: ListOptions): Promise<void> {
  const { status, plan, node, find } = options;
  const services = await readAll(await daemonOf(options), '/services', 'services', {
    status,
    plan,
    node,
    q: find,
  });
  if (options.json) {
    sayJson(services);
    return;
  }
  const names = ['status', 'plan', 'fqdn', 'vmid', 'node', 'private_ip', 'updated_at'];
  say(table(services, [column('id', 'service_id'), ...names.map((name) => column(name))]));
}

async function show(id: string, options: AskOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const { success: _, ...service } = await daemon.call('GET', `/services/${encodeURIComponent(id)}`);
  if (options.json) {
    sayJson(service);
    return;
  }
  say(facts(factsOf(service)));
  const jobs = listOf(service['jobs']);
  if (jobs.length > 0) say(`\n${table(jobs, jobColumns)}`);
  if (jobs.some(({ status }) => status === 'stuck' || status === 'failed'))
    say(`\nafter fixing the cause:  ${innkeeper(['service', 'retry', id], options.panel)}`);
}

/**
 * Returns the fields of a service. Omits the fields of parts that the service's product does not have, such as the
 * container or the site.
 */
function factsOf(service: Fields): [string, unknown][] {
  const hasGuest = service['power'] !== null;
  const hasSite = service['fqdn'] !== null;
  const named = (...names: string[]): [string, unknown][] => names.map((name) => [name, service[name]]);
  return [
    ['id', service['service_id']],
    ...named('status', 'lifecycle', ...(hasGuest ? ['power', 'reachable'] : []), 'plan', 'email'),
    ...named(...(hasSite ? ['url'] : []), ...(hasGuest ? ['vmid', 'node', 'private_ip'] : [])),
    ...(hasGuest ? Object.entries(fieldsOf(service['resources'])) : []),
    ...named(...(hasSite ? ['public_ips'] : []), 'generation', 'created_at', 'active_at'),
    ...named(...(hasGuest ? ['stale_since'] : [])),
    ...(hasGuest
      ? [['snapshots', listOf(service['snapshots']).map((one) => one['name'])] satisfies [string, unknown]]
      : []),
    ['error', errorOf(service)],
  ];
}

/**
 * Returns the error of the service together with the message of the remote system. That message is read from the job,
 * because the service does not contain it.
 */
function errorOf(service: Fields): unknown {
  const error = fieldsOf(service['error']);
  const job = listOf(service['jobs']).findLast((one) => fieldsOf(one['error'])['code'] === error['code']);
  return error['code'] === undefined ? null : causeIn(job ? fieldsOf(job['error']) : error);
}

async function retry(id: string, options: AskOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const path = `/services/${encodeURIComponent(id)}/retry`;
  const { success: _, ...answer } = await daemon.call('POST', path, {});
  if (options.json) {
    sayJson(answer);
    return;
  }
  const show = innkeeper(['job', 'show', formatCell(answer['job_id'])], options.panel);
  say(`${formatCell(answer['method'])} of service ${formatCell(id)} is being retried: ${show}`);
}

async function forget(
  id: string,
  { confirm, ...options }: AskOptions & { readonly confirm: string },
): Promise<void> {
  const answer = await changed(options, `/services/${encodeURIComponent(id)}/forget`, { confirm });
  if (answer === undefined) return;
  const left = answer['left_behind'];
  say(
    Array.isArray(left) && left.length > 0
      ? `Service forgotten. Remove manually: ${left.join('; ')}.`
      : 'Service forgotten; nothing is left behind.',
  );
}

async function resetCredentials(id: string, options: AskOptions): Promise<void> {
  const path = `/services/${encodeURIComponent(id)}/credentials`;
  if (await changed(options, `${path}/reset`, {}))
    say(`Done. GET ${path} returns the new password until the password is acknowledged.`);
}

/**
 * Returns the response if the job has ended. If the job continues or if JSON was requested, prints the response and
 * returns undefined.
 */
async function changed(options: AskOptions, path: string, body: object): Promise<Fields | undefined> {
  const daemon = await daemonOf(options);
  const { success: _, ...answer } = await daemon.call('POST', path, body);
  if (options.json) sayJson(answer);
  else if (answer['status'] !== 'terminated' && answer['readable_until'] === undefined)
    say(
      'The job is still running: ' + innkeeper(['job', 'show', formatCell(answer['job_id'])], options.panel),
    );
  else return answer;
  return undefined;
}
