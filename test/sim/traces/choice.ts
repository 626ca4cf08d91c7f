/** D4, Q8: dedicated elections that are spread, and a version that is preferred. */
import type { Cores } from "../cores.ts";
import type { Process } from "../world/process.ts";
import type { ProcessSetup } from "../world/setup.ts";
import { contender, leads, POLICY, Stage } from "./stage.ts";

const EXCHANGE_MS = 30;
const D = 10_000;
const E = 2_500;
const ELECTIONS = ["component:z", "component:m"] as const;
/** They stand in two dedicated elections. */
const both: Partial<ProcessSetup> = { contenders: [contender("z"), contender("m", { dedicated: true })] };

const spread = (cores: Cores): Stage => new Stage(cores, { policy: { ...POLICY, spread: true } });

const loadOf = (process: Process): number => ELECTIONS.filter((election) => leads(process, election)).length;
const grantsOf = (process: Process): number => process.contenders.reduce((sum, { grants }) => sum + grants, 0);

/** A leads both; one moves to B a lease after B has come, and nothing moves any more. B is killed, and A leads both again. */
export function spreadsOut(cores: Cores): void {
  const stage = spread(cores);
  const a = stage.join("A", both);
  stage.advance(2 * D);
  const b = stage.join("B", both);
  stage.advance(D - 500);
  stage.expect("A still leads both", loadOf(a) === 2);
  stage.until("B leads one", () => loadOf(b) === 1, 500 + E + 2 * EXCHANGE_MS);
  stage.expect("A leads the other one", loadOf(a) === 1);
  stage.advance(6 * D);
  stage.expect("nothing has moved since", grantsOf(a) + grantsOf(b) === 3);
  stage.world.kill(b, true);
  stage.until("A leads both", () => loadOf(a) === 2, D + 200 + EXCHANGE_MS);
  stage.end();
}

/** A leads both and gives up one after the other: B is next, and then C, who leads nothing. */
export function fewestFirst(cores: Cores): void {
  const stage = spread(cores);
  const [a, b, c] = [stage.join("A", both), stage.join("B", both), stage.join("C", both)];
  for (const election of ELECTIONS) {
    a.resign(election);
    stage.advance(EXCHANGE_MS);
  }
  stage.expect("B and C lead one each", loadOf(b) === 1 && loadOf(c) === 1);
  stage.end();
}

/** B is worth less, or dead: it takes nothing, and nobody gives up anything for it. */
function givesNothing(cores: Cores, what: "worth less" | "dead"): void {
  const stage = spread(cores);
  const a = stage.join("A", { ...both, priority: what === "dead" ? 0 : 1 });
  const b = stage.join("B", both);
  stage.advance(D / 2); // so that it is silent, and not known to be, when it could take something
  if (what === "dead") b.sleep(Infinity);
  stage.advance(4 * D);
  stage.expect("A leads both, and has never stopped", loadOf(a) === 2 && grantsOf(a) === 2);
  stage.end();
}

/** There is one election, which B leads no less than A would: it stays. */
export function oneStays(cores: Cores): void {
  const stage = spread(cores);
  const [a] = [stage.join("A", { contenders: [contender("z")] }), stage.join("B", { contenders: [contender("z")] })];
  stage.advance(4 * D);
  stage.expect("A has never stopped", leads(a, "component:z") && grantsOf(a) === 1);
  stage.end();
}

export const deadTaker = (cores: Cores): void => givesNothing(cores, "dead");
export const lesserTaker = (cores: Cores): void => givesNothing(cores, "worth less");

/** B names an older version than C, who comes later: C is next, and takes the lead over where preemption is on. */
export function newestLeads(cores: Cores): void {
  const prefer = { metadata: "version", order: "newest" } as const;
  const stage = new Stage(cores, { policy: { ...POLICY, prefer, preempt: { cooldownMs: 5_000 } } });
  const a = stage.join("A");
  stage.join("B", { version: "1.9.0" });
  const c = stage.join("C", { version: "1.10.0" });
  stage.until("C leads", () => leads(c), 5_000 + 2 * EXCHANGE_MS);
  stage.advance(3 * D);
  stage.expect("there was one hand-over", grantsOf(c) === 1 && grantsOf(a) === 1);
  stage.end();
}
