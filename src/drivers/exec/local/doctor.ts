/** Checks the exec driver `local`: whether pct responds on this machine. */
import { runChild } from '../../shared/child.js';
import { type DriverDoctor, ok, type Verdict, wrong } from '../../shared/doctor/check.js';
import { type ExecDoctorParts, freeVmid, problemOf, PROBE_OUTPUT } from '../examine.js';
import { PCT_ARGUMENTS, type RawEnd } from '../run-script.js';

const HERE = 'this machine';

export function doctor(parts: ExecDoctorParts): DriverDoctor {
  return {
    checks: [
      {
        name: 'exec.path',
        title: 'scripts in containers',
        after: ['nodes'],
        look: ['pct list   # on the node'],
        withinMs: 20_000,
        run: (signal) => checkPct(parts, signal),
      },
      {
        name: 'exec.key',
        title: "the SSH key's forced command",
        after: ['exec.path'],
        look: ['cat ~/.ssh/authorized_keys   # on the node'],
        run: async () => ok('no SSH key is used'),
      },
    ],
    close: async () => {},
  };
}

async function checkPct(
  { config, configFile, guest }: ExecDoctorParts,
  signal: AbortSignal,
): Promise<Verdict> {
  const { pct } = config.exec;
  const vmid = freeVmid(await guest.look(signal), config.container_host.proxmox.vmids);
  let end: RawEnd;
  try {
    end = await runChild([...pct, ...PCT_ARGUMENTS(vmid)], PROBE_OUTPUT, signal);
  } catch (error) {
    return wrong(`${pct.join(' ')} could not be started: ${String(error)}`, `# in ${configFile}: exec.pct`);
  }
  const problem = problemOf(end);
  return problem === undefined
    ? ok(`pct responds on ${HERE}`)
    : wrong(`${HERE}: ${problem}`, `${pct.join(' ')} list`);
}
