/** The few file operations that durable state is made of; tests put an in-memory disk behind them that loses power at every point. */
import {
  appendFile,
  close,
  closeSync,
  fsync,
  fsyncSync,
  mkdir,
  open,
  openSync,
  readFile,
  readFileSync,
  readdir,
  readdirSync,
  rename,
  stat,
  unlink,
  writeFile,
} from 'node:fs';
import { open as openHandle } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Every method rejects with Node's own error (`code`, `syscall`). */
export interface FileSystem {
  read(path: string): Promise<string>;
  /** Bytes `[start, start + length)`, shorter at the end of the file. */
  readRange(path: string, start: number, length: number): Promise<Buffer>;
  size(path: string): Promise<number>;
  /** Creates or truncates (mode 0600), writes all of it and fsyncs the file. */
  write(path: string, text: string): Promise<void>;
  /** Creates (mode 0600) or appends, and fsyncs the file. */
  append(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** One level, mode 0700. */
  mkdir(path: string): Promise<void>;
  list(path: string): Promise<string[]>;
  /** fsync of a folder: makes its renames and new names survive a power cut. */
  syncFolder(path: string): Promise<void>;
}

// the callback functions: half the processor time of node:fs/promises
const [read, write, append] = [promisify(readFile), promisify(writeFile), promisify(appendFile)];
const [openFd, syncFd, closeFd] = [promisify(open), promisify(fsync), promisify(close)];
const [makeDir, list, size] = [promisify(mkdir), promisify(readdir), promisify(stat)];

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
  // not write-file-atomic: that one ignores short writes
  write: (path, text) => write(path, text, { mode: 0o600, flush: true }),
  append: (path, text) => append(path, text, { mode: 0o600, flush: true }),
  rename: promisify(rename),
  unlink: promisify(unlink),
  mkdir: async (path) => {
    await makeDir(path, { mode: 0o700 });
  },
  list: (path) => list(path),
  async syncFolder(path) {
    const folder = await openFd(path, 'r');
    try {
      await syncFd(folder);
    } finally {
      await closeFd(folder);
    }
  },
};

/** For the time of the start, when nobody is kept waiting: blocking reads take a tenth of the time. */
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
