/** The names under which the job engine knows the tasks of modules. */

const KIND = 'task:';
/** `task:product/shop:sync` */
export type TaskKind = `task:${string}`;

export function taskKind(module: string, method: string): TaskKind {
  return `${KIND}${module}:${method}`;
}

export function isTaskKind(name: string): name is TaskKind {
  return name.startsWith(KIND);
}
