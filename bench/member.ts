/** A process with the full client, as in an application. */
import type { ElectionClient, Leadership } from "../client/index.ts";
import { createElectionClient } from "../client/node/index.ts";

export interface Member {
  readonly client: ElectionClient;
  /** Resolves when all its components have the next grant. */
  next(): Promise<ReadonlyMap<string, Leadership>>;
  /** When the last of them had it: in its `onGrant`, before anything that only follows it. */
  readonly grantedAt: number;
  /** After this, `next` waits for the grant after the present one. */
  again(): void;
}

export type OpenClient = typeof createElectionClient;

export function member(
  url: string,
  group: string,
  components: readonly string[],
  settings: { readonly name?: string; readonly priority?: number; readonly open?: OpenClient | undefined } = {},
): Member {
  const { name = "member", priority = 0, open: openClient = createElectionClient } = settings;
  const client = openClient({ url, group, priority, process: { name }, signals: false });
  let open = new Map<string, Leadership>();
  let grantedAt = 0;
  let resolve: (leaderships: ReadonlyMap<string, Leadership>) => void = () => undefined;
  let granted = new Promise<ReadonlyMap<string, Leadership>>((done) => {
    resolve = done;
  });
  for (const component of components) {
    client.contend(component, {
      onGrant(leadership) {
        open.set(component, leadership);
        if (open.size < components.length) return;
        grantedAt = performance.now();
        resolve(open);
      },
    });
  }
  return {
    client,
    next: () => granted,
    get grantedAt() {
      return grantedAt;
    },
    again(): void {
      open = new Map();
      granted = new Promise((done) => {
        resolve = done;
      });
    },
  };
}

/** From making a client to its last `onGrant`, in milliseconds. It has left afterwards. */
export async function joinOnce(
  url: string,
  group: string,
  components: readonly string[],
  open?: OpenClient,
): Promise<number> {
  const startedAt = performance.now();
  const joining = member(url, group, components, { open });
  await joining.next();
  const ms = joining.grantedAt - startedAt;
  await joining.client.close();
  return ms;
}

export async function closeAll(members: readonly Pick<Member, "client">[]): Promise<void> {
  await Promise.all(members.map(({ client }) => client.close()));
}
