/** A request of a contender by RPC as a call of the group, and the answer to it: what `electionsOf` does, without a promise. */

import { answer, firstRefusal } from "../../worker/callers/answers.ts";
import { campaignCall, confirmationCall, releaseCall, renewalCall } from "../../worker/callers/calls.ts";
import type { Answer, Request } from "../../worker/callers/core/requests.ts";
import type { Refused } from "../../worker/callers/service.ts";
import type { PollAnswer } from "../../worker/group/events.ts";

export function callOf(request: Request): ReturnType<typeof campaignCall> {
  switch (request.type) {
    case "campaign":
      return campaignCall(request.campaign);
    case "renew":
      return renewalCall(request.renewal);
    case "confirm":
      return confirmationCall(request.confirmation);
    case "release":
      return releaseCall(request.release);
  }
}

export function answerOf(request: Request, outcome: PollAnswer | Refused): Answer {
  switch (request.type) {
    case "campaign":
      return answer(outcome, request.campaign);
    case "renew":
      return answer(outcome, request.renewal);
    case "confirm":
      return firstRefusal(outcome) ?? { type: "confirmed" };
    case "release":
      return firstRefusal(outcome) ?? { type: "released" };
  }
}
