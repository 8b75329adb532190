/**
 * Says whether this Node can run the program. Plain CommonJS without later syntax, so that an old Node can run it, and
 * without imports, so that it can be run first: by innkeeper.cts and by build.mjs.
 */
'use strict';

/**
 * @param {string} engines `engines.node` of package.json, e.g. `>=20.20.2`
 * @param {string} version of this Node, e.g. `18.19.0`
 * @returns {string | undefined} a sentence if this Node is too old
 */
exports.nodeProblem = function (engines, version) {
  const least = engines.replace('>=', '');
  const [needed, own] = [numbers(least), numbers(version)];
  for (let n = 0; n < 3; n += 1) {
    if (own[n] > needed[n]) return undefined;
    if (own[n] < needed[n])
      return (
        `Innkeeper needs Node.js ${least} or newer, but this is Node.js ${version}. ` +
        'Get a current release from https://nodejs.org/en/download.'
      );
  }
  return undefined;
};

function numbers(version) {
  return version.split('-')[0].split('.').map(Number);
}
