/** A nightly job that is triggered in many places and runs once. */
import { type Elections, runIfLeader } from "edge-election/worker";

interface Env {
  /** The entrypoint of the Worker that has the groups. */
  readonly ELECTIONS: Elections;
  readonly REPORTS: KVNamespace;
}

export default {
  async scheduled({ scheduledTime }, { ELECTIONS, REPORTS }) {
    const job = { group: "reports", component: "nightly", since: scheduledTime };
    const result = await runIfLeader(ELECTIONS, job, async ({ epoch, signal }) => {
      signal.throwIfAborted();
      await REPORTS.put(`${scheduledTime}/${epoch}`, "the report of the night");
    });
    console.log(result.ran ? "reported" : `did not run: ${result.reason}`);
  },

  async fetch(_request, { REPORTS }) {
    const { keys } = await REPORTS.list();
    return Response.json(keys.map(({ name }) => name));
  },
} satisfies ExportedHandler<Env>;
