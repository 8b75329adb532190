/** A sentence if a Node of this version is too old. `engines`: as in package.json, e.g. `>=20.20.2`. */
export declare function nodeProblem(engines: string, version: string): string | undefined;
