/** Questions to the group by HTTP. */
import type { ElectionName } from "../shared/names.ts";
import { ElectionError, UnauthorizedError } from "./errors.ts";
import type { Fetcher } from "./socket.ts";

/** How the group stands, for operators and for the choice of a successor. */
export interface GroupStatus {
  readonly group: string;
  readonly epoch: number;
  readonly revision: number;
  readonly paused: boolean;
  readonly sessions: number;
  readonly elections: readonly ElectionStatus[];
}

export interface ElectionStatus {
  readonly election: ElectionName;
  readonly state: "vacant" | "offered" | "leading" | "revoking";
  /** `null` while nobody leads. */
  readonly leader: LeaderStatus | null;
  /** Of the lease, or of the offer; `null` while vacant. */
  readonly remainingMs: number | null;
  /** Everybody but the holder: those that can be asked now in their order, then the others. */
  readonly candidates: readonly CandidateStatus[];
}

export interface LeaderStatus {
  readonly sessionId: string;
  /** The name of the process, where it has one. */
  readonly process: string | null;
  readonly leaderSessionId: string;
  readonly epoch: number;
}

export interface CandidateStatus {
  readonly sessionId: string;
  readonly process: string | null;
  readonly priority: number;
  readonly components: readonly string[];
  /** Can be asked now. */
  readonly ready: boolean;
}

export const headers = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** The body of the answer; `null` for what does not exist. */
export async function lookUp(
  fetcher: Fetcher | undefined,
  url: string,
  token?: string,
  signal?: AbortSignal,
): Promise<unknown> {
  const response = await (fetcher ?? globalThis).fetch(url.replace(/^ws/, "http"), {
    headers: headers(token),
    signal: signal ?? null,
  });
  const { status } = response;
  if (status === 200) return response.json();
  if (status === 404) return null;
  const message = `HTTP ${status}`;
  if (status === 401 || status === 403) throw new UnauthorizedError("unauthorized", message);
  throw new ElectionError("refused", message, undefined, status >= 429);
}
