import { randomUUID } from "node:crypto";
import { text as allOf } from "node:stream/consumers";
import { type Command, InvalidArgumentError, Option } from "commander";
import { isName } from "../../shared/protocol/names.ts";
import { createToken, SUBJECT_LENGTH } from "../../worker/http/tokens.ts";
import type { Role } from "../../worker/index.ts";
import { usageFailure } from "../failure.ts";
import { contentOf, name, withJson } from "../options.ts";
import { print, printJson } from "../terminal.ts";

const ROLES: readonly Role[] = ["observe", "contend", "admin"];
const DEFAULT_SECONDS = 3_600;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const LONGEST_SECONDS = 366 * 86_400;

interface TokenOptions {
  readonly role: Role;
  readonly group: readonly string[];
  readonly component?: readonly string[];
  readonly expiresIn: number;
  readonly subject?: string;
  readonly issuer?: string;
  readonly audience?: string;
  readonly secretFile?: string;
  readonly json?: boolean;
}

export function addToken(program: Command): void {
  withJson(program.command("token").description("issues a token for a backend with AUTH_SECRET"))
    .addOption(new Option("--role <role>", "the role that the token grants").choices(ROLES).makeOptionMandatory())
    .addOption(
      new Option("-g, --group <group...>", "names of groups, or beginnings of names with a * at the end")
        .argParser(collect(groupPattern))
        .makeOptionMandatory(),
    )
    .option("-c, --component <component...>", "the only components that it may contend for", collect(name))
    .option("--expires-in <time>", "lifetime, such as 90s, 15m, 12h, 7d", duration, DEFAULT_SECONDS)
    .option("--subject <text>", "owner; the sessions of one subject share a limit (default: a random one)", subjectName)
    .option("--issuer <text>", "issuer, as AUTH_ISSUER requires it")
    .option("--audience <text>", "audience, as AUTH_AUDIENCE requires it")
    .option("--secret-file <path>", "file with the secret; - is standard input (or AUTH_SECRET)")
    .addHelpText(
      "after",
      `
The secret comes from AUTH_SECRET or a file. An argument would be visible to every user of this machine.

Examples:
  AUTH_SECRET=... edge-election token --role observe --group checkout
  edge-election token --role contend -g 'shop-*' -c dispatcher --expires-in 12h --secret-file secret.txt > token.txt`,
    )
    .action(issue);
}

async function issue(options: TokenOptions): Promise<void> {
  const { role, group: groups, component: components, expiresIn: expiresInSeconds } = options;
  // The sessions of one subject share a limit, so a token without an owner of its own has one that nobody else has.
  const { subject = randomUUID(), issuer, audience } = options;
  const now = Date.now();
  const claims = {
    role,
    groups,
    expiresInSeconds,
    ...(components !== undefined && { components }),
    subject,
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  };
  const token = await createToken(claims, await secretOf(options), now).catch((error: unknown) => {
    throw error instanceof RangeError
      ? usageFailure(error.message, "Make one, for example with: openssl rand -base64 48")
      : error;
  });
  if (!options.json) return print(token);
  const expiresAt = (Math.floor(now / 1_000) + expiresInSeconds) * 1_000;
  printJson({ token, role, groups, ...(components !== undefined && { components }), expiresAt });
}

async function secretOf({ secretFile }: TokenOptions): Promise<string> {
  if (secretFile === "-") return (await allOf(process.stdin)).trim();
  if (secretFile !== undefined) return (await contentOf(secretFile, "--secret-file")).trim();
  const secret = process.env["AUTH_SECRET"];
  if (secret) return secret;
  throw usageFailure("there is no secret to sign with", "Set AUTH_SECRET, or name a file with --secret-file.");
}

const collect =
  (parse: (value: string) => string) =>
  (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), parse(value)];

function groupPattern(value: string): string {
  if (value === "*" || isName(value.replace(/\*$/, ""))) return value;
  throw new InvalidArgumentError("It must be the name of a group, or the beginning of names with a * at the end.");
}

function subjectName(value: string): string {
  if (value.length > 0 && value.length <= SUBJECT_LENGTH) return value;
  throw new InvalidArgumentError(`It must have 1 to ${SUBJECT_LENGTH} characters.`);
}

function duration(value: string): number {
  const [, amount = "", unit = ""] = /^(\d+)([smhd])$/.exec(value) ?? [];
  const seconds = Number(amount) * (SECONDS[unit] ?? 0);
  if (seconds > 0 && seconds <= LONGEST_SECONDS) return seconds;
  throw new InvalidArgumentError("It must be a number with s, m, h or d, such as 12h, and at most 366d.");
}
