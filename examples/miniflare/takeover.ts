/** What is tested, whatever the groups and the objects run on: the leader dies, and another one takes over. */
import type { Elections } from "edge-election/worker";

export interface Place {
  readonly elections: Elections;
  /** The object that is to take over. */
  start(): Promise<void>;
  isLeader(): Promise<boolean>;
  /** Lets time go on until it has settled. */
  settled<T>(promise: Promise<T>): Promise<T>;
  /** Lets a little time go on. */
  wait(): Promise<void>;
}

/** Resolves with the epochs of the dead leader and of the object that has followed it. */
export async function takeOver({ elections, start, isLeader, settled, wait }: Place): Promise<[number, number]> {
  const epoch = async (): Promise<number> => {
    const { leader } = await settled(elections.electionStatus("search", "process"));
    return leader?.epoch ?? 0;
  };
  // It leads, and never calls again.
  const answer = await settled(elections.campaign("search", { contenders: [{ component: "index" }], sentAt: 0 }));
  if (answer.type === "refused" || answer.leaderships.length !== 1) throw new Error("it does not lead");
  const dead = await epoch();
  await start();
  while (!(await isLeader())) await wait();
  return [dead, await epoch()];
}
