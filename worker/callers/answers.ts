/** Makes the answers of the core to a call what its caller gets. */
import type { PollAnswer } from "../group/events.ts";
import type { CampaignAnswer, PolledSession, Refused } from "./service.ts";

export const refused = (code: string, message: string): Refused => ({ type: "refused", code, message });

interface Asked {
  readonly session?: PolledSession;
  readonly sentAt: number;
}

/** The answer to a campaign or a renewal. */
export function answer(outcome: PollAnswer | Refused, { session, sentAt }: Asked): CampaignAnswer | Refused {
  if (outcome.type === "refused") return outcome;
  const { secret, refusals, ...rest } = outcome;
  const refused = refusals.flatMap(({ component, code, message }) =>
    component === undefined ? [] : [{ component, code, message }],
  );
  return { ...rest, sentAt, secret: secret ?? session?.secret ?? "", refused };
}

/** The refusal of a confirmation or a release; `null`: it was carried out. */
export function firstRefusal(outcome: PollAnswer | Refused): Refused | null {
  if (outcome.type === "refused") return outcome;
  const [refusal] = outcome.refusals;
  return refusal === undefined ? null : refused(refusal.code, refusal.message);
}
