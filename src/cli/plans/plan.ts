/** innkeeper plan list | show */
import type { Command } from 'commander';

export function addPlanCommands(program: Command): void {
  const plan = program.command('plan').description('list the plans and show whether they can be ordered');
  plan
    .command('list')
    .description('list the plans of the configuration and those that were created through the API')
    .option('--json', 'print JSON instead of a table')
    .action(async (_, command: Command) => {
      const { listPlans } = await import('./show-plans.js');
      await listPlans(command.optsWithGlobals());
    });
  plan
    .command('show')
    .description('show the values of a plan, and the reason if it cannot be ordered')
    .argument('<name>', 'name of the plan')
    .option('--json', 'print JSON')
    .action(async (name: string, _, command: Command) => {
      const { showPlan } = await import('./show-plans.js');
      await showPlan(name, command.optsWithGlobals());
    });
}
