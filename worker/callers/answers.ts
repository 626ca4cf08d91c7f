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
  const { secret, answers, ...rest } = outcome;
  const refusals = answers.flatMap((message) => {
    if (message.type !== "error" || message.component === undefined) return [];
    return [{ component: message.component, code: message.code, message: message.message }];
  });
  return { ...rest, sentAt, secret: secret ?? session?.secret ?? "", refused: refusals };
}

/** The refusal of a confirmation or a release; `null`: it was carried out. */
export function firstRefusal(outcome: PollAnswer | Refused): Refused | null {
  if (outcome.type === "refused") return outcome;
  const [error] = outcome.answers.filter(({ type }) => type === "error");
  return error?.type === "error" ? refused(error.code, error.message) : null;
}
