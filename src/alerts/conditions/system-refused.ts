/**
 * A system responds but refuses the agent: it rejects the agent's token, the agent lacks privileges, or something in
 * front of the system rejects all of the agent's requests. There is one alert per system, for any number of jobs. The
 * alert is raised at once, because no job that needs the system continues until an operator fixes the cause.
 */
import type { AlertSpec, Commands } from '../../model/alert.js';
import { cleaned } from '../../kernel/text.js';
import { shellWord } from '../../kernel/command-line.js';
import { type ConditionSources, type MakeCondition, OF_AGENT } from '../condition.js';

/** Maximum number of different messages that one alert quotes. */
const MOST_SAID = 3;
/**
 * Maximum number of documents that one check reads. Jobs that wait for the same cause usually have the same message.
 */
const MOST_READ = 20;
/** Maximum length of all quoted messages together. */
const MOST_CHARACTERS = 400;

interface Refusing {
  readonly role: string;
  /** The messages of the system. */
  readonly said: Set<string>;
  jobs: number;
}

export const systemRefused: MakeCondition = (sources) => async () => {
  const refusing = new Map<string, Refusing>();
  for (const { name, role, refusal } of sources.circuits())
    if (refusal !== null) refusing.set(name, { role, said: new Set([refusal]), jobs: 0 });
  await addJobs(sources, refusing);
  return [...refusing].map(([name, one]) => specOf(sources, name, one));
};

/**
 * Adds systems for which only a single privilege is missing. Such a system's circuit stays closed, so the system is
 * found through the jobs that wait for the privilege.
 */
async function addJobs({ state }: ConditionSources, refusing: Map<string, Refusing>): Promise<void> {
  let read = 0;
  for (const { key, openJobs } of state.services.entries())
    for (const { id, refusedBy } of openJobs) {
      if (refusedBy === null) continue;
      const known = refusing.get(refusedBy);
      if (known) known.jobs += 1;
      if (known && (known.said.size >= MOST_SAID || read >= MOST_READ)) continue;
      read += 1;
      const service = await state.services.find(key).catch(() => undefined);
      const error = service?.jobs.find((job) => job.id === id)?.error;
      const said = cleaned(error?.detail ?? error?.message ?? '');
      if (known && known.jobs > 1) known.said.add(said);
      else if (!known)
        refusing.set(refusedBy, { role: error?.role ?? 'agent', said: new Set([said]), jobs: 1 });
    }
}

function specOf({ config }: ConditionSources, name: string, { role, said, jobs }: Refusing): AlertSpec {
  const words = cleaned([...said].filter((one) => one !== '').join('; '), MOST_CHARACTERS).replace(
    /[.!?]+$/,
    '',
  );
  return {
    kind: 'system_refused',
    subject: name,
    ...OF_AGENT,
    text:
      `The ${role} (${name}) refuses the agent: ${words || 'it gave no reason'}. ` +
      'Jobs that need this system wait, and continue automatically once it accepts the agent again.',
    commands: commandsFor(config, name),
    data: { role, said: words, jobs },
  };
}

/** The commands that check the system; the agent's own check comes first. */
function commandsFor({ container_host: host }: ConditionSources['config'], name: string): Commands {
  const [kind = name] = name.split(':', 1);
  const [user = ''] = host.proxmox.token_id.split('!', 1);
  const others: Readonly<Record<string, readonly string[]>> = {
    'container-host': [
      `# on a node: pveum user token list ${shellWord(user)}`,
      `# on a node: pveum user permissions ${shellWord(user)}`,
    ],
    exec: ['# on the node: journalctl -t sshd -t innkeeper-exec --since -1h'],
    dns: ['# on the DNS server: pdns_control current-config | grep -e api -e webserver'],
    proxy: ['# on the proxy host: journalctl -t sshd -t innkeeper-proxy --since -1h'],
  };
  return ['innkeeper doctor', ...(others[kind] ?? [])];
}
