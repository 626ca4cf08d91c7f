/** The options that several commands share, and their checks. */
import { readFile } from "node:fs/promises";
import { text as allOf } from "node:stream/consumers";
import { type Command, InvalidArgumentError, Option } from "commander";
import { isName, NAME_RULE } from "../shared/protocol/names.ts";
import { wholeNumberIn } from "../shared/whole-number.ts";
import { usageFailure } from "./failure.ts";

const DEFAULT_URL = "http://127.0.0.1:8787";

export interface ConnectionOptions {
  readonly url: string;
  readonly tokenFile?: string;
}

export interface GroupOptions extends ConnectionOptions {
  readonly group: string;
  readonly json?: boolean;
}

/** Adds `--url` and `--token-file`. There is no `--token`: every user of a machine can read the arguments of its processes. */
export const withConnection = (command: Command): Command =>
  command
    .addOption(
      new Option("--url <url>", "address of the backend").env("EDGE_ELECTION_URL").default(DEFAULT_URL).argParser(url),
    )
    .option("--token-file <path>", "file with the token; - is standard input (or EDGE_ELECTION_TOKEN)")
    .addOption(new Option("--token <token>").hideHelp().argParser(refuseToken));

function refuseToken(): never {
  throw usageFailure(
    "--token is not supported: every user of this machine can read the arguments of a process",
    "Set EDGE_ELECTION_TOKEN, or write the token into a file and name it with --token-file.",
  );
}

export const withGroup = (command: Command): Command =>
  command.addOption(
    new Option("-g, --group <group>", "name of the process group")
      .env("EDGE_ELECTION_GROUP")
      .argParser(name)
      .makeOptionMandatory(),
  );

export const withJson = (command: Command, shape = "one JSON document"): Command =>
  command.option("--json", `${shape} instead of text; failures as JSON too`);

/** Parser of an option that names a group or a component. */
export function name(value: string): string {
  if (!isName(value)) throw new InvalidArgumentError(`A name is ${NAME_RULE}.`);
  return value;
}

/** The message of a wrong argument shows the argument, so a password in it needs another one. */
function url(value: string): string {
  const address = URL.canParse(value) ? new URL(value) : undefined;
  const { username, password, search, hash } = address ?? {};
  if (username || password || search || hash || (address === undefined && value.includes("@"))) {
    throw usageFailure(
      "--url (EDGE_ELECTION_URL) must not hold a name, a password, a query or a fragment",
      "Set EDGE_ELECTION_TOKEN, or write the token into a file and name it with --token-file.",
    );
  }
  if (address !== undefined && /^(https?|wss?):$/.test(address.protocol)) return value;
  throw new InvalidArgumentError("It must begin with http:// or https://.");
}

/** Parser of an option that is a whole number. */
export const wholeNumber =
  (smallest: number, largest: number) =>
  (value: string): number => {
    const number = wholeNumberIn(value, smallest, largest);
    if (number !== undefined) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${smallest} to ${largest}.`);
  };

export type TokenSource = string | (() => Promise<string>);

/**
 * A token file is read at every attempt to connect, so it may be replaced while the command runs; while it can't be read,
 * the last token is used. The environment never changes: if its token is refused, the command ends. Returns `undefined`
 * if no token is set.
 */
export function tokenSource({ tokenFile }: ConnectionOptions): TokenSource | undefined {
  if (tokenFile === undefined) {
    const token = process.env["EDGE_ELECTION_TOKEN"];
    return token ? checked(token.trim(), "EDGE_ELECTION_TOKEN") : undefined;
  }
  let last: string | undefined;
  return async () => {
    try {
      const content = await (tokenFile === "-" ? standardInput() : contentOf(tokenFile, "--token-file"));
      last = checked(content.trim(), tokenFile);
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last;
  };
}

export const askToken = async (source: TokenSource | undefined): Promise<string | undefined> =>
  typeof source === "function" ? source() : source;

let input: Promise<string> | undefined;

/** Standard input can be read only once. */
function standardInput(): Promise<string> {
  input ??= allOf(process.stdin);
  return input;
}

function checked(token: string, place: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw usageFailure(`${place} does not hold a token`, "Put only the token there: one line, no spaces.");
}

/** The text of a file that an option names. */
export async function contentOf(file: string, option: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw usageFailure(`${option}: ${problem}`, "Name a file that you may read.");
  }
}
