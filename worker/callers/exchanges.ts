/** The calls of contenders without a socket: what each asks of the group's object, and the answer that its caller gets. */
import type { Check } from "../../shared/protocol/fields.ts";
import type { RunAnswer } from "../../shared/protocol/runs.ts";
import type { Outcome, PollAnswer } from "../group/events.ts";
import type { PollRequest } from "../host/host.ts";
import {
  campaignCall,
  campaignCheck,
  confirmationCall,
  confirmationCheck,
  releaseCall,
  releaseCheck,
  renewalCall,
  renewalCheck,
} from "./calls.ts";
import type { Answer } from "./core/requests.ts";
import type { Campaign, CampaignAnswer, Confirmation, PolledSession, Refused, Release, Renewal } from "./service.ts";

export interface Exchange<Asked, Given extends Answer = Answer> {
  /** Throws `InvalidField`. */
  readonly check: Check<Asked>;
  /** Throws a `TypeError` that names the field and what it takes. */
  call(asked: Asked): PollRequest;
  answer(outcome: PollAnswer | Refused, asked: Asked): Given;
}

export const campaigning: Exchange<Campaign, CampaignAnswer | Refused> = {
  check: campaignCheck,
  call: campaignCall,
  answer,
};

export const renewing: Exchange<Renewal, CampaignAnswer | Refused> = {
  check: renewalCheck,
  call: renewalCall,
  answer,
};

export const confirming: Exchange<Confirmation, { readonly type: "confirmed" } | Refused> = {
  check: confirmationCheck,
  call: confirmationCall,
  answer: (outcome) => firstRefusal(outcome) ?? { type: "confirmed" },
};

export const releasing: Exchange<Release, { readonly type: "released" } | Refused> = {
  check: releaseCheck,
  call: releaseCall,
  answer: (outcome) => firstRefusal(outcome) ?? { type: "released" },
};

/** The answer to a call of the runner of a job. */
export function runAnswer(outcome: Outcome): RunAnswer | Refused {
  if (outcome.type === "run") return outcome.answer;
  if (outcome.type === "refused") return outcome;
  throw new Error(`the group answered ${outcome.type} to the call of a run`);
}

export const refused = (code: string, message: string): Refused => ({ type: "refused", code, message });

interface Asked {
  readonly session?: PolledSession;
  readonly sentAt: number;
}

/** The answer to a campaign or a renewal. */
function answer(outcome: PollAnswer | Refused, { session, sentAt }: Asked): CampaignAnswer | Refused {
  if (outcome.type === "refused") return outcome;
  const { secret, refusals, ...rest } = outcome;
  const refused = refusals.flatMap(({ component, code, message }) =>
    component === undefined ? [] : [{ component, code, message }],
  );
  return { ...rest, sentAt, secret: secret ?? session?.secret ?? "", refused };
}

/** The refusal of a confirmation or a release; `null`: it was carried out. */
function firstRefusal(outcome: PollAnswer | Refused): Refused | null {
  if (outcome.type === "refused") return outcome;
  const [refusal] = outcome.refusals;
  return refusal === undefined ? null : refused(refusal.code, refusal.message);
}
