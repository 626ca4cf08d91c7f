/**
 * Looks at groups. Where the runtime keeps each group in files, even a look at a group that nobody has used would begin
 * them, for ever. Where the deployment binds the folder of these files, such a look is answered without the object. In any
 * doubt the object is asked: a group that exists is never called unused.
 */
import type { ElectionGroup } from "../durable-object/election-group.ts";
import { deploymentOf } from "../durable-object/secrets.ts";
import { history } from "../group/history.ts";
import { createPolicy } from "../group/policy.ts";
import { emptyGroup } from "../group/rows.ts";
import type { GroupState } from "../group/state.ts";
import { electionStatus, fence, type GroupIdentity, groupStatus, groupSummary, leaderOf } from "../group/views.ts";
import type { Call } from "./interface.ts";
import { metricsOf } from "./metrics.ts";
import { prometheusText } from "./prometheus.ts";

export interface GroupFilesEnv {
  /**
   * For self-hosting: a read-only `disk` service of the folder in which the runtime keeps the groups. With it, a look at a
   * group that nobody has used leaves no files behind. Not needed on Cloudflare.
   */
  readonly GROUP_FILES?: Fetcher;
}

type Method = "status" | "summary" | "electionStatus" | "getLeader" | "checkFence" | "history" | "metrics" | "job";
/** What can be asked of a group without a change in it. */
export type Looks = {
  readonly [Name in Method]: (
    ...parameters: Parameters<ElectionGroup[Name]>
  ) => Promise<ReturnType<ElectionGroup[Name]>>;
};

/** The `uniqueKey` of the class in the runtime's configuration: the folder of its objects. */
const FOLDER = "http://files/edge-election";

/** Asks the group's object, or what answers in its place if it has no file. (A promise would take a stub for another promise.) */
export async function lookAt<T>(
  group: string,
  stub: DurableObjectStub<ElectionGroup>,
  { GROUP_FILES: files }: GroupFilesEnv,
  ask: (looks: Looks) => Promise<T>,
): Promise<T> {
  const isUnused = files !== undefined && (await hasNoFile(stub.id.toString(), files));
  return ask(isUnused ? unused({ group, deployment: deploymentOf(stub.id) }) : (stub as unknown as Looks));
}

/** An object has its file before it answers anybody. A folder of another name would have no files of any group. */
async function hasNoFile(id: string, files: Fetcher): Promise<boolean> {
  const statusOf = async (url: string): Promise<number> => (await files.fetch(url, { method: "HEAD" })).status;
  try {
    return (await statusOf(`${FOLDER}/${id}.sqlite`)) === 404 && (await statusOf(FOLDER)) === 200;
  } catch {
    return false;
  }
}

function unused(identity: GroupIdentity): Looks {
  const empty = ({ policy = {} }: Call = {}): GroupState => emptyGroup(createPolicy(policy));
  return {
    status: async (call) => groupStatus(empty(call), identity, Date.now(), null),
    summary: async (call) => groupSummary(empty(call), identity.group, Date.now()),
    electionStatus: async ({ election, ...call }) => electionStatus(empty(call), election, Date.now(), 0),
    getLeader: async ({ component, ...call }) => leaderOf(empty(call), component),
    checkFence: async ({ question, ...call }) => fence(empty(call), question, Date.now()),
    history: async ({ limit, ...call }) => history(empty(call), [], limit),
    job: async () => null,
    metrics: async (call) => prometheusText(metricsOf(empty(call), new Map(), Date.now()), { group: identity.group }),
  };
}
