/** A world for a scripted trace: named processes, and sentences about them. */
import { encode } from "../../../shared/protocol/codec.ts";
import type { ClientMessage } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { PolicyOptions } from "../../../worker/group/policy.ts";
import { demand } from "../../support/violation.ts";
import type { Cores } from "../cores.ts";
import { judgeLiveness } from "../liveness/liveness.ts";
import type { Process } from "../world/process.ts";
import type { CallerSetup, ComponentName, ContenderSetup, ProcessSetup } from "../world/setup.ts";
import { World } from "../world/world.ts";

export const contender = (component: ComponentName, part: Partial<ContenderSetup> = {}): ContenderSetup => ({
  component,
  dedicated: component === "z",
  onGrant: "confirm",
  drain: "quick",
  ...part,
});

export const plain: ProcessSetup = {
  rate: 1,
  stopsAsleep: false,
  priority: 0,
  onDisconnect: "keep",
  lingerMs: 0,
  contenders: [contender("x")],
  watched: [],
};

interface Options {
  readonly policy?: PolicyOptions;
  readonly skewMs?: number;
  readonly returnsPerSecond?: number;
  readonly callers?: readonly CallerSetup[];
}

/** D 10 s, R 8 s, E 2.5 s, drain 4 s, W 10.1 s. */
export const POLICY: PolicyOptions = { leaseMs: 10_000, drainMs: 4_000, horizonAheadMs: 10_100, preempt: false };

export class Stage {
  readonly world: World;

  constructor(cores: Cores, { policy = POLICY, skewMs = 0, callers = [], ...rest }: Options = {}) {
    this.world = new World(cores, { seed: 1, policy, skewMs, processes: [], callers, ...rest });
  }

  /** A process that has joined: those that come first are asked first. */
  join(name: string, part: Partial<ProcessSetup> = {}): Process {
    const process = this.world.spawn(name, { ...plain, ...part });
    this.advance(100);
    return process;
  }

  advance(ms: number): void {
    this.world.advance(ms);
    this.world.judge.afterMove();
  }

  /** Time passes until it is so; a violation if it is not by then. */
  until(what: string, holds: () => boolean, withinMs: number): number {
    const from = this.world.now;
    while (!holds()) {
      demand(this.world.now - from < withinMs, "trace", () => `not within ${withinMs} ms: ${what}`);
      this.advance(10);
    }
    return this.world.now - from;
  }

  expect(what: string, holds: boolean): void {
    demand(holds, "trace", () => `it does not hold: ${what}`);
  }

  /** A frame that the process's own core would not send. */
  forge(process: Process, message: ClientMessage): void {
    process.link?.up.send({ type: "frame", message: encode(message) }, this.world.now);
    this.advance(50);
  }

  /** After everything that has happened, it ends well. */
  end(): void {
    judgeLiveness(this.world);
  }
}

const termOf = ({ state }: Process, election: ElectionName) => state.terms.find((one) => one.election === election);

export const leads = (process: Process, election: ElectionName = "process"): boolean =>
  termOf(process, election)?.stage === "leading";

/** The term that the process leads or drains. */
export function ledBy(process: Process, election: ElectionName = "process") {
  const term = termOf(process, election);
  if (term === undefined) throw new Error(`${process.name} does not lead ${election}`);
  return term;
}
