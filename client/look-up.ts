/** Questions to the group by HTTP. */
import { ElectionError, UnauthorizedError } from "./errors.ts";
import type { ObserveOptions } from "./observe.ts";
import type { Fetcher } from "./socket.ts";

export const headers = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** The body of the answer. `mayMiss`: it is `null` for what does not exist. */
export async function lookUp(
  fetcher: Fetcher | undefined,
  url: string,
  token?: string,
  { signal }: ObserveOptions = {},
  mayMiss?: boolean,
): Promise<unknown> {
  const response = await (fetcher ?? globalThis).fetch(url.replace(/^ws/, "http"), {
    headers: headers(token),
    signal: signal ?? null,
  });
  const { status } = response;
  if (status === 200) return response.json();
  if (status === 404 && mayMiss) return null;
  const message = `HTTP ${status}`;
  if (status === 401 || status === 403) throw new UnauthorizedError("unauthorized", message);
  throw new ElectionError("refused", message, undefined, status >= 429);
}
