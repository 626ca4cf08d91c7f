/** A nightly job that is triggered in many places and runs once. */
import { type Elections, runIfLeader } from "edge-election/worker";

interface Env {
  /** The entrypoint of the Worker that has the groups. */
  readonly ELECTIONS: Elections;
  readonly REPORTS: KVNamespace;
}

/** Takes a while, without I/O. */
const write = (): string => Array.from({ length: 1_000 }, (_, line) => `line ${line}`).join("\n");

export default {
  async scheduled({ scheduledTime }, { ELECTIONS, REPORTS }) {
    const job = { group: "reports", component: "nightly", since: scheduledTime };
    const result = await runIfLeader(ELECTIONS, job, async ({ epoch, check }) => {
      const report = write();
      // Clocks stand still while a Worker computes: ask the group whether the term has outlasted that.
      if (await check()) await REPORTS.put(`${scheduledTime}/${epoch}`, report);
    });
    console.log(result.ran ? "reported" : `did not run: ${result.reason}`);
  },

  async fetch(_request, { REPORTS }) {
    const { keys } = await REPORTS.list();
    return Response.json(keys.map(({ name }) => name));
  },
} satisfies ExportedHandler<Env>;
