/** Errors of the HTTP routes: `{error: {code, message}}`, the message with the remedy. */

/** The statuses that the protocol uses for errors. */
export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 426 | 429 | 503;

export interface Problem {
  readonly status: ProblemStatus;
  readonly code: string;
  readonly message: string;
}

export const problem = (status: ProblemStatus, code: string, message: string): Problem => ({ status, code, message });

export const problemResponse = ({ status, code, message }: Problem, headers: Record<string, string> = {}): Response =>
  Response.json({ error: { code, message } }, { status, headers });

/** The response for a problem. */
export const refuseWith = (status: ProblemStatus, code: string, message: string): Response =>
  problemResponse(problem(status, code, message));
