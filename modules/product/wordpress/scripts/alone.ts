/** A run that the agent has given up on may still be going in the container, and its repetition must not meet it half way. */
export const alone = (body: string): string => String.raw`
exec 9>/run/innkeeper-recipe.lock
flock -w 900 9 || { echo 'an earlier run of the recipe does not end' >&2; exit 1; }
${body}`;
