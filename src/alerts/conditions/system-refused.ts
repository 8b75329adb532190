/**
 * A system answers, but refuses the agent: its token, a privilege, or everything that comes through what stands
 * before it. One alert for each system, however many jobs wait; raised at once, for nothing passes before a person
 * has put it right.
 */
import type { AlertSpec, Commands } from '../../model/alert.js';
import { cleaned } from '../../kernel/text.js';
import { shellWord } from '../../kernel/command-line.js';
import { type ConditionSources, type MakeCondition, OF_AGENT } from '../condition.js';

/** Different denials that one alert names. */
const MOST_SAID = 3;
/** Documents that one look reads: jobs that wait for the same tell the same. */
const MOST_READ = 20;
/** Of all that is said. */
const MOST_CHARACTERS = 400;

interface Refusing {
  readonly role: string;
  /** Its own words. */
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

/** One privilege that is missing opens no circuit: those who wait for it tell. */
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
    text: `The ${role} (${name}) refuses the agent: ${words || 'it did not say why'}. Jobs wait for it and go on by themselves once it takes the agent again.`,
    commands: commandsFor(config, name),
    data: { role, said: words, jobs },
  };
}

/** What checks the system, the agent's own look first. */
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
