/** An object that has more requests than it can take: to ask again at once would make it worse. */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import { type Problem, problem, problemResponse } from "./problem.ts";
import { refused } from "./upgrade.ts";

const RETRY_AFTER_SECONDS = 10;
const MESSAGE = "the group has more requests than it can take: try again later, or divide it into several groups";

/** The platform marks its errors. One that is only `retryable` says nothing of the load. */
export const isOverloaded = (error: unknown): boolean =>
  typeof error === "object" && error !== null && Reflect.get(error, "overloaded") === true;

/** Says when to ask again. */
export const tryLater = (request: Request, later: Problem): Response =>
  refused(request, CLOSE.tryLater, later.message, () =>
    problemResponse(later, { "Retry-After": String(RETRY_AFTER_SECONDS) }),
  );

export const overloaded = (request: Request): Response => tryLater(request, problem(503, "overloaded", MESSAGE));
