/**
 * All commands with their options. The code of a command is imported only when the command runs, so that every
 * command starts quickly.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { VERSION } from '../kernel/version.js';
import { guardPipes, type Pipes } from './shared/broken-pipe.js';
import { configFile } from './shared/config-file.js';
import { addAlertCommand } from './alerts/alerts.js';
import { addClockCommands } from './clock/clock.js';
import { addAuditCommand } from './audit/audit.js';
import { EXIT, sentenceOf } from './shared/failure.js';
import { addJobCommands } from './jobs/job.js';
import { addPlanCommands } from './plans/plan.js';
import { addReconcile } from './drift/reconcile.js';
import { addServiceCommands } from './services/service.js';
import { addStateCommands } from './state/state.js';
import { addTaskCommands } from './tasks/task.js';
import { addTokenCommands } from './tokens/token.js';

async function makeProgram(pipes: Pipes, argv: readonly string[]): Promise<Command> {
  const program = new Command('innkeeper')
    .description('Provisioning agent: creates and manages sites on Proxmox VE for billing panels.')
    .version(VERSION, '-V, --version')
    .option(
      '--config <file>',
      'configuration file (default: INNKEEPER_CONFIG, or /etc/innkeeper/innkeeper.yaml)',
    )
    .exitOverride();
  program
    .command('serve')
    .description('run the daemon')
    .action(async (_, command: Command) => {
      pipes.outlive();
      const { serve } = await import('./serve/serve.js');
      process.exitCode = await serve(fileOf(command));
    });
  addSandbox(program);
  addTokenCommands(program);
  addServiceCommands(program);
  addJobCommands(program);
  await addModule(program, argv);
  addPlanCommands(program);
  addTaskCommands(program);
  addReconcile(program);
  addAuditCommand(program);
  addAlertCommand(program);
  addClockCommands(program);
  addConfig(program);
  addProxy(program);
  addDoctor(program);
  addTemplate(program);
  addStateCommands(program);
  pointToHelp(program, 'innkeeper');
  return program;
}

/**
 * After a usage error, the message refers to the help of the command that was called, not to the help of the whole
 * program.
 */
function pointToHelp(command: Command, path: string): void {
  const lists = command.commands.length > 0 ? 'commands' : 'options';
  command.showHelpAfterError(`(run ${path} --help for a list of ${lists})`);
  for (const one of command.commands) pointToHelp(one, `${path} ${one.name()}`);
}

/** These commands are many, so even their descriptions are loaded only if the command line names them. */
async function addModule(program: Command, argv: readonly string[]): Promise<void> {
  const module = program
    .command('module')
    .description('list and show modules, and write modules of your own');
  if (!argv.includes('module')) return;
  const { addModuleCommands } = await import('./modules/module.js');
  const { addAuthorCommands } = await import('./modules/author.js');
  addModuleCommands(module);
  addAuthorCommands(module);
}

function fileOf(command: Command): string {
  return configFile(command.optsWithGlobals<{ config?: string }>().config);
}

interface SandboxFlags {
  readonly backend: 'memory' | 'lxc';
  readonly state?: string;
  readonly port?: number;
  readonly json?: true;
  readonly once?: true;
  readonly world?: true;
  readonly untilStdinEnds?: true;
}

function addSandbox(program: Command): void {
  program
    .command('sandbox')
    .description('run the daemon against simulated systems; nothing else has to be installed')
    .option('--backend <kind>', 'memory, or lxc (real containers; root on Debian)', readBackend, 'memory')
    .option('--state <dir>', 'keep all data in this directory, and reuse data that is already there')
    .option(
      '--port <number>',
      'port of the API; 0 means any free port (default: 8080, or any free port with --once)',
      readPort,
    )
    .option('--json', 'print one JSON object on the first line and nothing else to standard output')
    .option('--once', 'order a demo site, report when it responds, and exit')
    .option('--world', 'start only the simulated systems, without the daemon')
    .option('--until-stdin-ends', 'stop when standard input ends, for example when the parent process dies')
    .action(async (flags: SandboxFlags) => {
      const { runSandbox } = await import('../sandbox/command.js');
      process.exitCode = await runSandbox({
        backend: flags.backend,
        state: flags.state,
        port: flags.port,
        json: flags.json === true,
        once: flags.once === true,
        world: flags.world === true,
        untilStdinEnds: flags.untilStdinEnds === true,
      });
    });
}

function addConfig(program: Command): void {
  program
    .command('config')
    .description('check the configuration')
    .command('check')
    .description('list all problems in the configuration')
    .action(async (_, command: Command) => {
      const { checkConfig } = await import('./config/check-config.js');
      await checkConfig(fileOf(command));
    });
}

function addProxy(program: Command): void {
  program
    .command('proxy')
    .description('manage the reverse proxy')
    .command('files')
    .description(
      'write the files for a proxy host that the agent reaches over SSH (proxy.ssh): nginx.conf and ' +
        'the pages',
    )
    .argument('<folder>', 'output directory')
    .action(async (folder: string, _, command: Command) => {
      const { writeProxyFiles } = await import('./proxy/proxy-files.js');
      await writeProxyFiles(fileOf(command), folder);
    });
}

function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check the installation and suggest fixes')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit code: 0 if no check is wrong (there may be warnings), 1 if at least one check is wrong.',
    )
    .action(async (flags: { json?: true }, command: Command) => {
      const { runDoctor } = await import('./doctor/doctor.js');
      process.exitCode = await runDoctor(fileOf(command), flags.json === true);
    });
}

function addTemplate(program: Command): void {
  program
    .command('template')
    .description('manage the golden templates that sites are cloned from')
    .command('build')
    .description('build the template of a product on the container host')
    .argument('<product>', 'product name, e.g. wordpress')
    .option('--replace', 'build new templates and remove the old ones')
    .option('--json', 'print JSON instead of a table')
    .action(async (product: string, flags: { replace?: true; json?: true }, command: Command) => {
      const { runTemplateBuild } = await import('./templates/template.js');
      process.exitCode = await runTemplateBuild({
        configFile: fileOf(command),
        product,
        replace: flags.replace === true,
        json: flags.json === true,
      });
    });
}

function readBackend(text: string): SandboxFlags['backend'] {
  if (text === 'memory' || text === 'lxc') return text;
  throw new InvalidArgumentError('Expected memory or lxc.');
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Expected a number from 0 to 65535.');
}

/** Runs the command line and resolves with the exit code. No error prints a stack trace. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  try {
    const program = await makeProgram(guardPipes(), argv);
    await program.parseAsync([...argv]);
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    // commander has already printed its message; help and version have exit code 0
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    process.stderr.write(`innkeeper: ${sentenceOf(error)}\n`);
    return EXIT.failed;
  }
}
