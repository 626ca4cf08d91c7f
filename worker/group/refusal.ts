/** Refused requests: the session goes on. */
import type { Refusal } from "../../shared/protocol/messages.ts";

export const refuse = (
  code: Refusal["code"],
  message: string,
  part: Pick<Refusal, "id" | "component" | "observed"> = {},
): Refusal => ({ type: "error", code, message, ...part });
