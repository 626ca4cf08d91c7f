/** What a group's object has done and holds, in the Prometheus text format (version 0.0.4). */
import type { GroupState } from "./group/state.ts";

/** Counted by one incarnation of the object: they begin at 0 when it is loaded anew. */
export interface Counters {
  /** Sockets accepted. */
  readonly upgrades: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** As the platform counts and bills them, the alarm's own row excluded. */
  readonly rowsWritten: number;
  /** Turns that wrote anything. */
  readonly commits: number;
  readonly alarms: number;
}

type Kind = "counter" | "gauge";

export function prometheusText(group: string, state: GroupState, counters: Counters): string {
  const lines: string[] = [];
  const add = (name: string, kind: Kind, help: string, value: number): void => {
    const metric = `edge_election_${name}`;
    lines.push(`# HELP ${metric} ${help}`, `# TYPE ${metric} ${kind}`, `${metric}{group="${group}"} ${value}`);
  };
  const contenders = [...state.components.values()].reduce((sum, component) => sum + component.contenders, 0);
  add("upgrades_total", "counter", "Sockets accepted since the object was loaded.", counters.upgrades);
  add("frames_received_total", "counter", "Frames of clients since the object was loaded.", counters.framesIn);
  add("frames_sent_total", "counter", "Frames to clients since the object was loaded.", counters.framesOut);
  add("rows_written_total", "counter", "Rows written since the object was loaded.", counters.rowsWritten);
  add("commits_total", "counter", "Turns that wrote rows since the object was loaded.", counters.commits);
  add("alarms_total", "counter", "Alarms handled since the object was loaded.", counters.alarms);
  add("terms_ended_total", "counter", "Terms that have ended in this group.", state.endedTerms);
  add("epoch", "gauge", "Highest epoch of the group.", state.epoch);
  add("sessions", "gauge", "Sessions, lost ones included.", state.sessions.size);
  add("connections", "gauge", "Open sockets.", state.connections.size);
  add("contenders", "gauge", "Registered contenders of all sessions.", contenders);
  add("terms", "gauge", "Terms that are offered, led or being revoked.", state.terms.size);
  return `${lines.join("\n")}\n`;
}
