/** A contender as the participant keeps it. */

import type { Leadership } from "../shared/leadership/leadership.ts";
import type { ElectionKind } from "../shared/protocol/names.ts";
import type { ContenderCallbacks } from "./contend.ts";
import type { ElectionError, LossReason } from "./errors.ts";

/** A contender, from `contend` on until it has left. */
export interface Member<Component extends string = string> {
  readonly component: Component;
  readonly election: ElectionKind | undefined;
  readonly priority: number | undefined;
  readonly callbacks: MemberCallbacks;
  /** Its drain is the body of a scope: `resign()` called inside the body must not wait for the body. */
  readonly resignSkipsOwnDrain: boolean;
  /** In place of `onError`, where the group does not let it stand. */
  readonly onRefused: ((error: ElectionError) => void) | undefined;
  /** `close` was called: its component is free for another contender. */
  isClosing?: boolean;
  /** The term whose `onGrant` was called last. */
  leadership?: Leadership<Component>;
}

/** Those of `contend`. They are called with leaderships of the very component only. */
interface MemberCallbacks extends Pick<ContenderCallbacks, "onError"> {
  onGrant?(leadership: Leadership): unknown;
  onRevoke?(leadership: Leadership, reason: LossReason): unknown;
}
