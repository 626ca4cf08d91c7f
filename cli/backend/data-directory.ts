import { createHash } from "node:crypto";
import { access, constants, mkdir, realpath, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface DataDirectory {
  readonly path: string;
  /** Lets another backend use the directory. */
  release(): Promise<void>;
}

/**
 * Makes sure that the directory exists, is writable, and is used by this process alone: two backends on one directory
 * would be two groups that each believe to be the only one. The claim ends with the process, however it ends.
 */
export async function claimDataDirectory(directory: string): Promise<DataDirectory> {
  const path = await usableDirectory(directory);
  const claim = claimAddress(path);
  const server = (await tryListen(claim)) ?? (await replaceStaleClaim(claim));
  if (server === undefined) {
    throw new Error(`Another backend uses the data directory ${path}: stop it first, or choose another directory.`);
  }
  return { path, release: () => new Promise((done) => server.close(() => done())) };
}

async function usableDirectory(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return await realpath(directory);
  } catch (cause) {
    const message = `The data directory ${directory} cannot be written: choose another one, or change its permissions.`;
    throw new Error(message, { cause });
  }
}

/** A local socket is the lock: the operating system closes it with its owner. It is abstract on Linux, a file elsewhere. */
function claimAddress(path: string): string {
  const name = `edge-election-${createHash("sha256").update(path).digest("hex").slice(0, 24)}`;
  return process.platform === "linux" ? `\0${name}` : join(tmpdir(), `${name}.sock`);
}

function tryListen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

async function replaceStaleClaim(address: string): Promise<Server | undefined> {
  if (address.startsWith("\0") || (await isAnswered(address))) return undefined;
  await rm(address, { force: true });
  return tryListen(address);
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
