/**
 * A disk with a volatile and a durable layer: it loses power at a chosen operation, and tells all disks that may be
 * found afterwards.
 */
import { basename, dirname } from 'node:path';
import type { FileSystem } from '../../src/state/files/file-system.js';

class File {
  text = '';
  /** What the last fsync made safe. */
  durable = '';
}

type Node = File | Folder;
/** Applied to the entries as a whole or not at all. */
type Change = readonly (readonly [name: string, node: Node | undefined])[];

class Folder {
  readonly entries = new Map<string, Node>();
  readonly durable = new Map<string, Node>();
  pending: Change[] = [];
}

export class PowerCut extends Error {}

function failure(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall });
}

function apply(entries: Map<string, Node>, change: Change): void {
  for (const [name, node] of change) {
    if (node) entries.set(name, node);
    else entries.delete(name);
  }
}

function subsets<T>(items: readonly T[]): T[][] {
  const [first, ...rest] = items;
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((chosen) => [chosen, [first, ...chosen]]);
}

export class MemoryDisk implements FileSystem {
  #root = new Folder();
  /** Operations done so far. */
  steps = 0;
  /** The power goes before the operation of this number. */
  cutAt = Infinity;
  /** Answers an error's code to make an operation fail. */
  fault: (syscall: string, path: string) => string | undefined = () => undefined;

  async read(path: string): Promise<string> {
    this.#alive();
    return this.#file(path, 'open').text;
  }

  async readRange(path: string, start: number, length: number): Promise<Buffer> {
    return Buffer.from(await this.read(path)).subarray(start, start + length);
  }

  async size(path: string): Promise<number> {
    return Buffer.byteLength(await this.read(path));
  }

  async write(path: string, text: string): Promise<void> {
    await this.#fill(path, text, '');
  }

  async append(path: string, text: string): Promise<void> {
    const folder = this.#folder(dirname(path), 'open');
    const before = folder.entries.get(basename(path));
    await this.#fill(path, text, before instanceof File ? before.text : '');
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step('rename', to);
    const node = this.#file(from, 'rename');
    const [source, target] = [this.#folder(dirname(from), 'rename'), this.#folder(dirname(to), 'rename')];
    if (source === target)
      this.#change(source, [
        [basename(to), node],
        [basename(from), undefined],
      ]);
    else {
      this.#change(target, [[basename(to), node]]);
      this.#change(source, [[basename(from), undefined]]);
    }
  }

  async unlink(path: string): Promise<void> {
    this.#step('unlink', path);
    this.#file(path, 'unlink');
    this.#change(this.#folder(dirname(path), 'unlink'), [[basename(path), undefined]]);
  }

  async mkdir(path: string): Promise<void> {
    this.#step('mkdir', path);
    const parent = this.#folder(dirname(path), 'mkdir');
    if (parent.entries.has(basename(path))) throw failure('EEXIST', 'mkdir', path);
    this.#change(parent, [[basename(path), new Folder()]]);
  }

  async list(path: string): Promise<string[]> {
    this.#alive();
    return [...this.#folder(path, 'scandir').entries.keys()];
  }

  async syncFolder(path: string): Promise<void> {
    this.#step('fsync', path);
    const folder = this.#folder(path, 'open');
    for (const change of folder.pending) apply(folder.durable, change);
    folder.pending = [];
  }

  /** The same disk once more, all of it durable. */
  copy(): MemoryDisk {
    const disk = new MemoryDisk();
    disk.#root = copyOf(this.#root);
    return disk;
  }

  /** Every disk that may be found after losing power now, each as good as new. */
  *afterPowerCut(): Generator<MemoryDisk> {
    for (const root of survivors(this.#root)) {
      const disk = new MemoryDisk();
      disk.#root = root;
      yield disk;
    }
  }

  async #fill(path: string, text: string, before: string): Promise<void> {
    this.#step('open', path);
    const folder = this.#folder(dirname(path), 'open');
    let file = folder.entries.get(basename(path));
    if (!(file instanceof File)) {
      file = new File();
      this.#change(folder, [[basename(path), file]]);
    }
    file.text = before;
    this.#step('write', path);
    file.text = before + text.slice(0, text.length / 2);
    this.#step('write', path);
    file.text = before + text;
    this.#step('fsync', path);
    file.durable = file.text;
  }

  #alive(): void {
    if (this.steps >= this.cutAt) throw new PowerCut();
  }

  #step(syscall: string, path: string): void {
    this.#alive();
    const code = this.fault(syscall, path);
    if (code !== undefined) throw failure(code, syscall, path);
    this.steps += 1;
  }

  #change(folder: Folder, change: Change): void {
    apply(folder.entries, change);
    folder.pending.push(change);
  }

  #folder(path: string, syscall: string): Folder {
    let folder = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const next = folder.entries.get(name);
      if (!(next instanceof Folder)) throw failure('ENOENT', syscall, path);
      folder = next;
    }
    return folder;
  }

  #file(path: string, syscall: string): File {
    const node = this.#folder(dirname(path), syscall).entries.get(basename(path));
    if (node instanceof Folder) throw failure('EISDIR', syscall, path);
    if (!node) throw failure('ENOENT', syscall, path);
    return node;
  }
}

function copyOf(folder: Folder): Folder {
  const copy = new Folder();
  for (const [name, node] of folder.entries) {
    const own = node instanceof Folder ? copyOf(node) : fileOf(node.text);
    copy.entries.set(name, own);
    copy.durable.set(name, own);
  }
  return copy;
}

function* survivors(folder: Folder): Generator<Folder> {
  for (const kept of subsets(folder.pending)) {
    const entries = new Map(folder.durable);
    for (const change of kept) apply(entries, change);
    yield* choices([...entries]);
  }
}

/** All ways in which the entries of one folder may be found. */
function* choices(entries: readonly (readonly [string, Node])[]): Generator<Folder> {
  const [first, ...rest] = entries;
  if (!first) {
    yield new Folder();
    return;
  }
  const [name, node] = first;
  const forms = node instanceof Folder ? [...survivors(node)] : contents(node).map(fileOf);
  for (const form of forms)
    for (const folder of choices(rest)) {
      folder.entries.set(name, form);
      folder.durable.set(name, form);
      yield folder;
    }
}

function contents({ text, durable }: File): string[] {
  if (text === durable) return [text];
  // what was fsynced stays when something is appended, and not when the file is written anew
  const base = text.startsWith(durable) ? durable : '';
  const torn = base + text.slice(base.length, base.length + (text.length - base.length) / 2);
  return [...new Set([durable, base, torn, text])];
}

function fileOf(text: string): File {
  const file = new File();
  file.text = text;
  file.durable = text;
  return file;
}
