/**
 * The fence: a leader sends it with every write, so that the resource can refuse the late writes of a former leader. As
 * a header it is `Edge-Election-Fence: group/component/epoch/leaderSessionId`, each part percent-encoded.
 */
import { InvalidField, shown } from "./protocol/fields.ts";
import { ID_LENGTH } from "./protocol/limits.ts";
import { isName, NAME_RULE } from "./protocol/names.ts";

/** Identifies one leadership of one component. Every `Leadership` is a `Fence`. */
export interface Fence {
  readonly group: string;
  readonly component: string;
  /** The fencing token: it grows with every leadership of the group. */
  readonly epoch: number;
  /** Distinguishes two leaderships that claim the same epoch. */
  readonly leaderSessionId: string;
}

/** Carries the fence of a write: `leadership.headers()` has it. */
export const FENCE_HEADER = "Edge-Election-Fence";
/** Carries a signed fence token, if a resource requires one. */
export const FENCE_TOKEN_HEADER = "Edge-Election-Fence-Token";

/** Encodes a fence as the value of the header `Edge-Election-Fence`. */
export const encodeFence = ({ group, component, epoch, leaderSessionId }: Fence): string =>
  [group, component, epoch, leaderSessionId].map(encodeURIComponent).join("/");

/** Returns a fence, or throws an `InvalidField` that names the part. Refuses two headers joined by a comma. */
export function parseFence(header: string): Fence {
  const parts = header.split("/");
  if (parts.length !== PARTS)
    throw new InvalidField(FENCE_HEADER, "group/component/epoch/leaderSessionId", shown(header));
  const [group = "", component = "", epoch = "", leaderSessionId = ""] = parts.map(decoded);
  return validFence({ group, component, epoch: /^[1-9]\d*$/.test(epoch) ? Number(epoch) : 0, leaderSessionId });
}

/** A copy with only the four fields, or throws `InvalidField`. */
export function validFence({ group, component, epoch, leaderSessionId }: Fence): Fence {
  if (!isName(group)) throw invalid("group", NAME_RULE, group);
  if (!isName(component)) throw invalid("component", NAME_RULE, component);
  if (!Number.isSafeInteger(epoch) || epoch < 1) throw invalid("epoch", "a whole number from 1 to 2^53 - 1", epoch);
  if (!isId(leaderSessionId)) throw invalid("leaderSessionId", `a text of 1-${ID_LENGTH} characters`, leaderSessionId);
  return { group, component, epoch, leaderSessionId };
}

const PARTS = 4;

const isId = (value: unknown): boolean =>
  typeof value === "string" && value.length > 0 && value.length <= ID_LENGTH && value.isWellFormed();

const invalid = (part: string, expected: string, value: unknown): InvalidField =>
  new InvalidField(`${FENCE_HEADER}: ${part}`, expected, shown(value));

/** An invalid percent-encoding becomes the empty text, which is valid for no part. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
