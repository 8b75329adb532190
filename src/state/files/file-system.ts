/**
 * The file operations on the state folder. Tests replace them with an in-memory disk that can lose power at any point.
 */
import {
  closeSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFile,
  readFileSync,
  readdir,
  readdirSync,
  renameSync,
  stat,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { open as openHandle } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Every method rejects with Node's own error (`code`, `syscall`). */
export interface FileSystem {
  read(path: string): Promise<string>;
  /** Reads the bytes `[start, start + length)`; fewer at the end of the file. */
  readRange(path: string, start: number, length: number): Promise<Buffer>;
  size(path: string): Promise<number>;
  /** Creates or truncates a file (mode 0600), writes the whole text and fsyncs the file. */
  write(path: string, text: string): Promise<void>;
  /** Appends to a file, creating it with mode 0600 if necessary, and fsyncs it. */
  append(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Creates one folder level with mode 0700. */
  mkdir(path: string): Promise<void>;
  list(path: string): Promise<string[]>;
  /** Fsyncs a folder, so that renames and new names in it survive a power cut. */
  syncFolder(path: string): Promise<void>;
}

const [read, syncFd, list, size] = [
  promisify(readFile),
  promisify(fsync),
  promisify(readdir),
  promisify(stat),
];

/**
 * Only operations that wait for the disk are asynchronous. Opening, writing to the page cache, renaming and closing
 * take about ten microseconds each. As asynchronous operations they would cost the main thread ten times as much, and
 * they would queue behind other fsyncs.
 */
export const nodeFileSystem: FileSystem = {
  read: (path) => read(path, 'utf8'),
  async readRange(path, start, length) {
    const file = await openHandle(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, start);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  },
  size: async (path) => (await size(path)).size,
  write: (path, text) => put(path, 'w', text),
  append: (path, text) => put(path, 'a', text),
  rename: async (from, to) => renameSync(from, to),
  unlink: async (path) => unlinkSync(path),
  mkdir: async (path) => {
    mkdirSync(path, { mode: 0o700 });
  },
  list: (path) => list(path),
  async syncFolder(path) {
    const folder = openSync(path, 'r');
    try {
      await syncFd(folder);
    } finally {
      closeSync(folder);
    }
  },
};

// the package write-file-atomic is not used, because it ignores short writes
async function put(path: string, flag: 'w' | 'a', text: string): Promise<void> {
  const file = openSync(path, flag, 0o600);
  try {
    writeFileSync(file, text);
    await syncFd(file);
  } finally {
    closeSync(file);
  }
}

/**
 * File operations for the start. They block, because blocking reads take a tenth of the time, and during a start no
 * request has to wait for the main thread.
 */
export const bootFileSystem: FileSystem = {
  ...nodeFileSystem,
  read: async (path) => readFileSync(path, 'utf8'),
  list: async (path) => readdirSync(path),
  async syncFolder(path) {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  },
};

/** Node's error code, or ''. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

export function isSyncError(error: unknown): boolean {
  const syscall = error instanceof Error && 'syscall' in error ? error.syscall : '';
  return syscall === 'fsync' || syscall === 'fdatasync';
}
