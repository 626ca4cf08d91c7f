/**
 * Requests to the routes of one group, for code that has a URL instead of a socket or a binding.
 *
 * Entry of the room `shared/remote`: addresses, tokens, and what HTTP says. Both sides may import it, and so may `cli/`. It
 * imports `shared/`, and never touches a global: who uses it gives the fetcher.
 */
import { ElectionError } from "../errors.ts";
import { groupAddress } from "./address.ts";
import { type Answer, answerError, authorization, refusalIn, unreachableError } from "./http.ts";
import { askForToken, type TokenSource } from "./token.ts";

/** Where a deployment is, and the token to ask it with. */
export interface Deployment {
  /** The address of the deployment: `https://elections.example.com`, with its path if it is mounted below one. */
  readonly url: string;
  /** As for a client: a token, or a function that returns one, called for each request. */
  readonly token?: TokenSource;
  /** Carries the requests. Default: the platform's `fetch`. */
  readonly fetcher?: Requests;
}

/** What sends a request: a service binding, or the platform. */
export interface Requests {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

export interface Endpoint {
  /**
   * The body of an answer with status 200, or the refusal of the group. Rejects with an `ElectionError` if nobody answers
   * (`connection_failed`), if something else than a deployment does, or if the same request may succeed later (429, 5xx).
   */
  ask(request: Asked): Promise<Reply>;
}

export interface Asked {
  readonly method: "GET" | "POST";
  /** Below the group's own path; its names are encoded. */
  readonly path: string;
  readonly body?: object;
  readonly signal?: AbortSignal;
}

export type Reply =
  | { readonly isRefused: false; readonly body: unknown }
  | { readonly isRefused: true; readonly status: number; readonly code: string; readonly message: string };

/** Throws a `TypeError` for an address that could never be reached. */
export function endpointOf({ url, token, fetcher }: Deployment, group: string, platform: Requests): Endpoint {
  const base = groupAddress(url, group);
  const asksForToken = typeof token === "function";
  return {
    ask: async ({ method, path, body, signal }) => {
      const address = `${base}${path}`;
      const headers = {
        ...authorization(await askForToken(token)),
        ...(body && { "content-type": "application/json" }),
      };
      const init = {
        method,
        headers,
        redirect: "manual" as const,
        ...(body && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      };
      const answer = await read(await send(fetcher ?? platform, address, init));
      if (answer.status === 200) return { isRefused: false, body: bodyOf(address, answer) };
      const refusal = refusalIn(answer.body);
      // A function may give another token the next time.
      if (refusal === null || isPassing(answer.status) || (answer.status === 401 && asksForToken))
        throw answerError(address, answer, asksForToken);
      return { isRefused: true, status: answer.status, ...refusal };
    },
  };
}

const isPassing = (status: number): boolean => status === 429 || status >= 500;

async function send(through: Requests, address: string, init: RequestInit): Promise<Response> {
  try {
    return await through.fetch(address, init);
  } catch (cause) {
    throw unreachableError(address, cause);
  }
}

async function read(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return { status, body: await response.json().catch(() => undefined), header: (name) => headers.get(name) };
}

function bodyOf(address: string, { body }: Answer): unknown {
  if (typeof body === "object" && body !== null) return body;
  throw new ElectionError("refused", `${address} answers with something else than JSON: no deployment is there`);
}
