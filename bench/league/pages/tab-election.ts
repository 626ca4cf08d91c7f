import { Tab } from "tab-election";
import { enterBy } from "./page.ts";

enterBy(({ election }, lead) => {
  const tab = new Tab(election);
  void tab.waitForLeadership(() => lead({ holds: () => tab.isLeader }));
});
