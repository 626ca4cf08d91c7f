/** A call by RPC without an answer, as an error. */
import { ElectionError } from "../../shared/errors.ts";

/** There was no answer, or none that can be understood. It may go well the next time. */
export const unavailable = (cause: unknown): ElectionError =>
  new ElectionError("unavailable", "the group could not be asked: try again", cause, true);
