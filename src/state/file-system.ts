/** The few file operations that durable state is made of; tests put an in-memory disk behind them that loses power at every point. */
import {
  appendFile,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';

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

export const nodeFileSystem: FileSystem = {
  read: (path) => readFile(path, 'utf8'),
  async readRange(path, start, length) {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, start);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  },
  size: async (path) => (await stat(path)).size,
  // not write-file-atomic: that one ignores short writes
  write: (path, text) => writeFile(path, text, { mode: 0o600, flush: true }),
  append: (path, text) => appendFile(path, text, { mode: 0o600, flush: true }),
  rename,
  unlink,
  mkdir: async (path) => {
    await mkdir(path, { mode: 0o700 });
  },
  list: (path) => readdir(path),
  async syncFolder(path) {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
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
