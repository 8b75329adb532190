/** Reports the duration and failures of the file operations that make changes durable. */
import type { FileOperationEnd } from '../contract.js';
import { codeOf, type FileSystem } from './file-system.js';

export function timedFileSystem(inner: FileSystem, heard: (end: FileOperationEnd) => void): FileSystem {
  const timed = async (
    operation: FileOperationEnd['operation'],
    work: () => Promise<void>,
  ): Promise<void> => {
    const began = performance.now();
    const end = (code?: string): void => heard({ operation, ms: performance.now() - began, code });
    try {
      await work();
    } catch (error) {
      // removing a missing file is not a failure
      if (operation !== 'unlink' || codeOf(error) !== 'ENOENT') end(codeOf(error) || 'unknown');
      throw error;
    }
    end();
  };
  return {
    read: (path) => inner.read(path),
    readRange: (path, start, length) => inner.readRange(path, start, length),
    size: (path) => inner.size(path),
    mkdir: (path) => inner.mkdir(path),
    list: (path) => inner.list(path),
    write: (path, text) => timed('write', () => inner.write(path, text)),
    append: (path, text) => timed('append', () => inner.append(path, text)),
    rename: (from, to) => timed('rename', () => inner.rename(from, to)),
    unlink: (path) => timed('unlink', () => inner.unlink(path)),
    syncFolder: (path) => timed('sync', () => inner.syncFolder(path)),
  };
}
