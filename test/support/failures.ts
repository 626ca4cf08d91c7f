/** All that can stand between a client and its group, each on real servers: what a client says of it, by socket and by request. */
import { createServer, type RequestListener } from "node:http";
import { freePort } from "../../cli/backend/free-port.ts";
import { startLocalBackend } from "../../tools/harness/backend.ts";
import { listen } from "../../tools/harness/loopback.ts";
import { SECRET, tokenFor } from "../../tools/harness/tokens.ts";

/** Where to ask, and as whom. It goes into the address of a page. */
export interface Asked {
  readonly url: string;
  readonly token?: string;
  /** What a first contender of the client leads before the one that is asked for. */
  readonly leads?: string;
}

/** What a client says of a failure. */
export interface Said {
  readonly name: string;
  readonly code: string;
  readonly retryable: boolean;
  readonly message: string;
  readonly hasCause: boolean;
}

/** By socket what the contender receives, by request how a look-up rejects. */
export interface Heard {
  readonly socket: Said;
  readonly request: Said | null;
}

type Expected = Pick<Said, "code" | "retryable"> & { readonly says: RegExp };

export interface Failure {
  readonly what: string;
  readonly ask: (servers: Servers) => Asked;
  /** Of Node: the same by socket and by request; `null` where only pages fail. */
  readonly node: Expected | null;
  /** Of a page by socket: a browser keeps to itself why it could not connect. */
  readonly page: Expected;
  /** Of a page by request, where it may read more than by socket. */
  readonly pageRequest?: Expected;
  /** There is nothing to look up: the group refuses the contender alone. */
  readonly isOfContender?: true;
}

export interface Servers extends AsyncDisposable {
  /** Of this project, by how they let in. */
  readonly open: string;
  readonly guarded: string;
  readonly unset: string;
  /** It lets in pages of its own origin only. */
  readonly own: string;
  /** It has room for one contender of a client, and for no more. */
  readonly narrow: string;
  /** Of somebody else, by the answer. */
  readonly others: ReadonlyMap<string, string>;
  /** Nobody listens there. */
  readonly free: string;
}

const answering =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { connection: "close", ...headers }).end(body);

const PAGE = "<html>a page</html>";
const DISK = JSON.stringify({
  error: { code: "unavailable", message: "the group can't answer right now: try again; the backend's log says why" },
});
const ANSWERS: Readonly<Record<string, RequestListener>> = {
  page: answering(200, PAGE),
  moved: answering(301, "", { location: "https://elections.example.com/" }),
  forbidden: answering(403, PAGE),
  nothing: answering(404, PAGE),
  gateway: answering(502, PAGE),
  disk: answering(503, DISK),
};

/** `origin`: that of the pages that may connect. */
export async function startServers(origin: string): Promise<Servers> {
  const stack = new AsyncDisposableStack();
  const backend = async (bindings: Record<string, string>): Promise<string> =>
    stack.use(await startLocalBackend({ bindings })).url;
  const others = new Map<string, string>();
  for (const [answer, listener] of Object.entries(ANSWERS)) {
    // Without a listener of its own for upgrades, a server answers them as any other request.
    others.set(answer, stack.use(await listen(createServer(listener))).url);
  }
  const access = { AUTH_SECRET: SECRET, ALLOWED_ORIGINS: origin };
  return {
    open: await backend({ OPEN_MODE: "loopback" }),
    guarded: await backend(access),
    unset: await backend({ ALLOWED_ORIGINS: origin }),
    own: await backend({ AUTH_SECRET: SECRET }),
    narrow: await backend({ ...access, LIMITS: '{"contenders":1}' }),
    others,
    free: `http://127.0.0.1:${await freePort("127.0.0.1")}`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const other =
  (answer: string) =>
  ({ others }: Servers): Asked => ({ url: others.get(answer) ?? "" });

const unreachable = (says: RegExp): Expected => ({ code: "connection_failed", retryable: true, says });
/** All that a browser tells. */
const silent = unreachable(/can't be reached: (.*; )?check that the backend runs, that `url` is right/);
const denied = (says: RegExp): Expected => ({ code: "unauthorized", retryable: false, says });
const refused = (says: RegExp): Expected => ({ code: "refused", retryable: false, says });

export const failures: readonly Failure[] = [
  {
    what: "nobody listens",
    ask: ({ free }) => ({ url: free }),
    node: unreachable(/can't be reached: .*ECONNREFUSED.*; nobody listens there: start the backend/),
    page: silent,
  },
  {
    what: "an unknown host",
    ask: () => ({ url: "http://nowhere.invalid" }),
    node: unreachable(/nowhere\.invalid.* can't be reached: .*(ENOTFOUND|EAI_AGAIN).*name.* `url`/),
    page: silent,
  },
  {
    what: "TLS against a plain port",
    ask: ({ open }) => ({ url: open.replace("http:", "https:") }),
    node: unreachable(/can't be reached: .*; the port does not speak TLS: begin `url` with http:/),
    page: silent,
  },
  {
    what: "301",
    ask: other("moved"),
    node: refused(/HTTP 301: the address has moved to https:\/\/elections.example.com\/: give the new one as `url`/),
    page: silent,
  },
  {
    what: "404",
    ask: other("nothing"),
    node: refused(/HTTP 404: no deployment .* correct the host or the base path in `url`/),
    page: silent,
  },
  {
    what: "403",
    ask: other("forbidden"),
    node: denied(
      /HTTP 403: something in front of the backend gives this answer, such as a proxy: see its configuration/,
    ),
    page: silent,
  },
  {
    what: "502",
    ask: other("gateway"),
    node: { ...refused(/HTTP 502: something in front of the backend gives this answer/), retryable: true },
    page: silent,
  },
  {
    what: "HTML instead of JSON",
    ask: other("page"),
    node: refused(/HTTP 200: no deployment of edge-election answers there: correct the host or the base path/),
    page: silent,
  },
  {
    what: "a wrong base path",
    ask: ({ open }) => ({ url: `${open}/elsewhere` }),
    node: { code: "not_found", retryable: false, says: /HTTP 404: there is nothing at this path: check the base path/ },
    page: silent,
  },
  {
    what: "a full disk (503)",
    ask: other("disk"),
    node: {
      code: "unavailable",
      retryable: true,
      says: /HTTP 503: the group can't answer right now: try again; the backend's log says why/,
    },
    page: silent,
  },
  {
    what: "a refused origin",
    ask: ({ own }) => ({ url: own, token: tokenFor("contend") }),
    node: null,
    page: denied(/\(4403\): .*; the server says: this origin is not allowed: .*ALLOWED_ORIGINS/),
    pageRequest: silent,
  },
  {
    what: "no token",
    ask: ({ guarded }) => ({ url: guarded }),
    node: denied(/HTTP 401: a token is required: give the client a `token`/),
    page: denied(/\(4401\): .*; the server says: a token is required: give the client a `token`/),
    pageRequest: denied(/HTTP 401: a token is required: give the client a `token`/),
  },
  {
    what: "an expired token",
    ask: ({ guarded }) => ({ url: guarded, token: tokenFor("contend", { endsAt: Date.now() - 60_000 }) }),
    node: denied(/HTTP 401: this token is not valid for this deployment, or has ended: get a new one/),
    page: denied(
      /\(4401\): .*; the server says: this token is not valid for this deployment, or has ended: get a new one/,
    ),
    pageRequest: denied(/HTTP 401: this token is not valid for this deployment, or has ended: get a new one/),
  },
  {
    what: "a server without authentication set",
    ask: ({ unset }) => ({ url: unset }),
    node: denied(/HTTP 401: authentication is not configured.* AUTH_SECRET/),
    page: denied(/\(4401\): .*; the server says: authentication is not configured/),
    pageRequest: denied(/HTTP 401: authentication is not configured.* AUTH_SECRET/),
  },
  {
    what: "a token for another group",
    ask: ({ guarded }) => ({ url: guarded, token: tokenFor("contend", { groups: ["another"] }) }),
    node: denied(/HTTP 403: these credentials are not for this group: use a token that names it/),
    page: denied(/\(4403\): .*; the server says: these credentials are not for this group: use a token that names it/),
    pageRequest: denied(/HTTP 403: these credentials are not for this group: use a token that names it/),
  },
  {
    what: "a wrong role",
    ask: ({ guarded }) => ({ url: guarded, token: tokenFor("observe") }),
    node: {
      code: "forbidden",
      retryable: false,
      says: /session refuses dispatcher: .*: use a token with the role contend/,
    },
    page: {
      code: "forbidden",
      retryable: false,
      says: /session refuses dispatcher: .*: use a token with the role contend/,
    },
    isOfContender: true,
  },
  {
    what: "a limit",
    ask: ({ narrow }) => ({ url: narrow, token: tokenFor("contend"), leads: "first" }),
    node: {
      code: "limit_exceeded",
      retryable: true,
      says: /session refuses dispatcher: .* at most 1 contenders: close one, or raise/,
    },
    page: {
      code: "limit_exceeded",
      retryable: true,
      says: /session refuses dispatcher: .* at most 1 contenders: close one, or raise/,
    },
    isOfContender: true,
  },
];
