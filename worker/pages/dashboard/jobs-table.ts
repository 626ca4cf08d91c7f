/** The jobs that run once, as a table. */
import { dayAndTime } from "./clock-time.ts";
import { byId, fromTemplate, type Item, keyedList, part, setText } from "./dom.ts";
import type { JobView } from "./view/jobs.ts";

export function jobsTable(): (jobs: readonly JobView[]) => void {
  const showRows = keyedList<JobView>(byId("job-rows", HTMLElement), ({ job }) => job, jobItem);
  return (jobs) => {
    byId("jobs-section", HTMLElement).hidden = jobs.length === 0;
    showRows(jobs);
  };
}

function jobItem(): Item<JobView> {
  const element = fromTemplate("job-template", HTMLTableRowElement);
  const cell = (name: string): HTMLElement => part(element, name, HTMLElement);
  return {
    element,
    update({ job, running, last, end, by, endedAt }) {
      setText(cell("job"), job);
      setText(cell("running"), running === "" ? "–" : running);
      setText(cell("last"), last === "" ? "–" : last);
      setText(cell("end"), end === "" ? "–" : end);
      setText(cell("by"), by === "" ? "–" : by);
      setText(cell("at"), endedAt === null ? "–" : dayAndTime(endedAt));
    },
  };
}
