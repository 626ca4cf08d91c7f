/** A request of a contender by RPC as a call of the group, and the answer to it: what `electionsOf` does, without a promise. */

import type { Answer, Request } from "../../worker/callers/core/requests.ts";
import { campaigning, confirming, releasing, renewing } from "../../worker/callers/exchanges.ts";
import type { Refused } from "../../worker/callers/service.ts";
import type { PollAnswer } from "../../worker/group/events.ts";

export function callOf(request: Request): ReturnType<typeof campaigning.call> {
  switch (request.type) {
    case "campaign":
      return campaigning.call(request.campaign);
    case "renew":
      return renewing.call(request.renewal);
    case "confirm":
      return confirming.call(request.confirmation);
    case "release":
      return releasing.call(request.release);
  }
}

export function answerOf(request: Request, outcome: PollAnswer | Refused): Answer {
  switch (request.type) {
    case "campaign":
      return campaigning.answer(outcome, request.campaign);
    case "renew":
      return renewing.answer(outcome, request.renewal);
    case "confirm":
      return confirming.answer(outcome, request.confirmation);
    case "release":
      return releasing.answer(outcome, request.release);
  }
}
