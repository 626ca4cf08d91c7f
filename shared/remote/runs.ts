/** The calls of those who run jobs, over HTTP. */
import { inPath } from "../protocol/paths.ts";
import type { RunAnswer, RunCall } from "../protocol/runs.ts";
import type { Endpoint } from "./endpoint.ts";

export const jobPath = (job: string): string => `/jobs/${inPath(job)}`;

/** A call that the group has refused: it has changed nothing. */
export interface RefusedRun {
  readonly type: "refused";
  readonly code: string;
  readonly message: string;
}

export async function callOfRun(
  endpoint: Endpoint,
  call: RunCall,
  signal?: AbortSignal,
): Promise<RunAnswer | RefusedRun> {
  const { job, ...body } = call;
  const reply = await endpoint.ask({ method: "POST", path: jobPath(job), body, ...(signal && { signal }) });
  if (!reply.isRefused) return reply.body as RunAnswer;
  const { code, message } = reply;
  return { type: "refused", code, message };
}
