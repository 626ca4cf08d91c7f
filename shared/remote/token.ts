/** Tokens: given once, or asked for at every attempt to connect. White space around a token is ignored. */
import { ElectionError, invalid } from "../errors.ts";
import { messageOf } from "./http.ts";

export const TOKEN_FORM = "one word of visible ASCII characters, or a function that returns one";
export const isToken = (value: unknown): value is string =>
  typeof value === "string" && /^[\x21-\x7e]+$/.test(value.trim());

/** A token, or a function that returns one: it is called at every attempt to connect, and for every look-up. */
export type TokenSource = string | (() => string | Promise<string>);

/** Rejects with `token_failed` where the function throws, or returns anything but a token. */
export async function askForToken(source: TokenSource | undefined): Promise<string | undefined> {
  if (typeof source !== "function") return source?.trim();
  const token: unknown = await ask(source);
  if (isToken(token)) return token.trim();
  const problem = `must return one word of visible ASCII characters, and has returned ${nameOf(token)}`;
  throw failed(invalid("token", `${problem}: let it throw where it has no token`));
}

const failed = (cause: unknown): ElectionError =>
  new ElectionError("token_failed", `the function \`token\` has failed: ${messageOf(cause)}`, cause);

async function ask(source: () => unknown): Promise<unknown> {
  try {
    return await source();
  } catch (error) {
    throw failed(error);
  }
}

/** Without the text itself: it may be a secret. */
function nameOf(answer: unknown): string {
  if (typeof answer !== "string") return typeof answer;
  return answer.trim() === "" ? "an empty text" : "a text that is no such word";
}
