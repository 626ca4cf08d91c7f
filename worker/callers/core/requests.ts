/** The calls of a contender without a socket to its group, and their answers. */
import type { Campaign, CampaignAnswer, Confirmation, Refused, Release, Renewal } from "../service.ts";

/** One call to the group. */
export type Request =
  | { readonly type: "campaign"; readonly campaign: Campaign }
  | { readonly type: "renew"; readonly renewal: Renewal }
  | { readonly type: "confirm"; readonly confirmation: Confirmation }
  | { readonly type: "release"; readonly release: Release };

export type Answer = CampaignAnswer | Refused | { readonly type: "confirmed" } | { readonly type: "released" };
