/** Asks where there is a failure, on any platform. */
import { type ClientOptions, type ElectionClient, ElectionError } from "../../client/index.ts";
import type { Asked, Heard, Said } from "./failures.ts";

/** What the contender receives, and how a look-up rejects. Rejects where either is no `ElectionError`. */
export async function askInVain(
  createClient: (options: ClientOptions) => ElectionClient,
  { url, token, leads }: Asked,
): Promise<Heard> {
  const client = createClient({ url, group: "shop", ...(token !== undefined && { token }) });
  try {
    if (leads !== undefined) await new Promise<void>((granted) => client.contend(leads, { onGrant: () => granted() }));
    const heard = Promise.withResolvers<unknown>();
    client.contend("dispatcher", { onError: heard.resolve });
    const request = await client.getLeader("dispatcher").then(
      () => null,
      (error: unknown) => said(error),
    );
    return { socket: said(await heard.promise), request };
  } finally {
    await client.close();
  }
}

function said(error: unknown): Said {
  if (!(error instanceof ElectionError)) throw error;
  const { name, code, retryable, message } = error;
  return { name, code, retryable, message, hasCause: "cause" in error };
}
