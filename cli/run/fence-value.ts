import type { Leadership } from "../../client/index.ts";

/** `group/component/epoch/leaderSessionId`, the names percent-encoded: a value for the header `Edge-Election-Fence`. */
export const fenceValue = (
  group: string,
  { component, epoch, leaderSessionId }: Pick<Leadership, "component" | "epoch" | "leaderSessionId">,
): string => `${encodeURIComponent(group)}/${encodeURIComponent(component)}/${epoch}/${leaderSessionId}`;
