import { enterBy } from "./page.ts";

/** The lock is held for as long as the promise is open. */
const forEver = new Promise<never>(() => undefined);

enterBy(({ election }, lead) => {
  void navigator.locks.request(election, () => {
    lead({ holds: () => true });
    return forEver;
  });
});
