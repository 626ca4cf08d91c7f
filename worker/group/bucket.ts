/** Token buckets: a burst is allowed, the rate is not exceeded for long. */

import { type GroupLimits, MESSAGE_BURST } from "../../shared/protocol/limits.ts";

/** How much is left, and when that was counted. A negative number is a debt that time pays back. */
export interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export interface Flow {
  /** What may be taken at once. */
  readonly burst: number;
  readonly perSecond: number;
}

const fullBucket = (burst: number, now: number): Bucket => ({ tokens: burst, at: now });

/** What a new connection may send. */
export const firstAllowances = ({ confirms }: Pick<GroupLimits, "confirms">, now: number) => ({
  frames: fullBucket(MESSAGE_BURST, now),
  confirms: fullBucket(confirms, now),
});

/** What is in it now. A clock that is set back takes nothing away. */
export function level({ tokens, at }: Bucket, now: number, { burst, perSecond }: Flow): number {
  return Math.min(burst, tokens + (Math.max(0, now - at) * perSecond) / 1_000);
}

/** Takes `cost` tokens; `null` where there are fewer. */
export function draw(bucket: Bucket, now: number, flow: Flow, cost = 1): Bucket | null {
  const tokens = level(bucket, now, flow) - cost;
  return tokens < 0 ? null : { tokens, at: now };
}
