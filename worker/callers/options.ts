/** What the user of a `DurableContender` says. */

import type { LossReason } from "../../shared/errors.ts";
import type { Leadership } from "../../shared/leadership/leadership.ts";
import type { ProcessInfo } from "../../shared/protocol/messages.ts";
import type { ElectionKind } from "../../shared/protocol/names.ts";
import type { ElectionsBinding } from "./local-elections.ts";

/** One component that differs from the rest. */
export interface ComponentOptions<Component extends string = string> {
  readonly component: Component;
  readonly election?: ElectionKind;
  /** In a dedicated election only. Higher is asked first. */
  readonly priority?: number;
}

/** What may change while it contends. What is left out stays. */
export type ContenderChanges<Component extends string = string> = Partial<
  Pick<DurableContenderOptions<Component>, "components" | "election" | "priority" | "process">
>;

/** Which group and components, and what is done in a term. */
export interface DurableContenderOptions<Component extends string = string> {
  /** `env.ELECTIONS`: the binding of the groups where they live in this Worker, a service binding otherwise. */
  readonly elections: ElectionsBinding;
  readonly group: string;
  /** Names, or more about single ones. */
  readonly components: readonly (Component | ComponentOptions<Component>)[];
  /** `process`, the default: all of them in the election that this object's process shares. `dedicated`: each in its own. */
  readonly election?: ElectionKind;
  readonly priority?: number;
  readonly process?: ProcessInfo;
  /** How often it asks while it waits; at most, and by default half of, the group's lease. Longer: cheaper, later. */
  readonly pollEveryMs?: number;
  readonly drainMs?: number;
  /**
   * Strictly alternating with `onRevoke` for each component, over every hibernation and restart. Called in the turn that
   * stores the grant: what it writes to the object's storage before its first `await` is one commit with it.
   */
  readonly onGrant?: (leadership: Leadership) => unknown;
  /**
   * Stop. Its promise is the drain, and the next grant waits for it. A restart of the object ends what it ran: an
   * `onRevoke` that was cut off is not called again. `leadership` is the one that was granted; the object may be a later one.
   */
  readonly onRevoke?: (leadership: Leadership, reason: LossReason) => unknown;
  /**
   * Of the callbacks and of what was refused, with the component that it is about; and of calls that failed, without one.
   * Calls are tried again. Default: to the console.
   */
  readonly onError?: (error: unknown, component?: string) => void;
  /**
   * Where this object needs its alarm for something else too: wakes it at `at` (milliseconds since 1970) or earlier, to
   * call `alarm()`. It replaces what was asked for before. Default: the alarm is the contender's alone.
   */
  readonly setAlarm?: (at: number) => void | Promise<void>;
}
