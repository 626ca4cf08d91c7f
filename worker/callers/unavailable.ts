/** What keeps a caller by RPC from being answered. */
import { ElectionError } from "../../shared/errors.ts";

/** A call had no answer, or none that can be understood. */
export const unavailable = (cause: unknown): ElectionError =>
  new ElectionError("unavailable", "the group could not be asked: try again", cause, true);
