/** innkeeper service list | show */
import type { Command } from 'commander';
import { asking, type AskOptions, daemonOf, readAll } from './ask.js';
import { fieldsOf, listOf } from './daemon.js';
import { jobColumns } from './job.js';
import { column, facts, say, sayJson, table } from './print.js';

interface ListOptions extends AskOptions {
  readonly status?: string;
  readonly plan?: string;
  readonly node?: string;
  readonly find?: string;
}

export function addServiceCommands(program: Command): void {
  const service = program.command('service').description('what customers bought');
  asking(service.command('list').description("list a panel's services"))
    .option('--status <word>', 'only these, e.g. running, failed')
    .option('--plan <name>', 'only of this plan')
    .option('--node <name>', 'only on this node')
    .option('--find <text>', 'only with this in id or name')
    .action(async (_, command: Command) => list(command.optsWithGlobals()));
  asking(service.command('show').description('show one service'))
    .argument('<id>', "the panel's id")
    .action(async (id: string, _, command: Command) => show(id, command.optsWithGlobals()));
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
  const names = [
    'status',
    'lifecycle',
    'power',
    'reachable',
    'plan',
    'email',
    'url',
    'vmid',
    'node',
    'private_ip',
  ];
  const rest = ['public_ips', 'generation', 'created_at', 'active_at', 'stale_since'];
  const resources = Object.entries(fieldsOf(service['resources']));
  say(
    facts([
      ['id', service['service_id']],
      ...names.map((name) => [name, service[name]] as const),
      ...resources,
      ...rest.map((name) => [name, service[name]] as const),
      ['snapshots', listOf(service['snapshots']).map((snapshot) => snapshot['name'])],
      ['error', fieldsOf(service['error'])['message']],
    ]),
  );
  const jobs = listOf(service['jobs']);
  if (jobs.length > 0) say(`\n${table(jobs, jobColumns)}`);
}
