/**
 * `edge-election/react`: who leads, as the state of a React component.
 *
 * Entry of the room `client/react`. Only applications import it. It imports `client/` and React, and never opens a
 * connection of its own.
 */
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useSyncExternalStore,
} from "react";
import type { ElectionClient } from "../index.ts";
import { type Candidacy, createCandidacy, type LeaderOptions, type LeaderState } from "./candidacy.ts";

export type { LeaderOptions, LeaderState } from "./candidacy.ts";

const Client = createContext<ElectionClient | null>(null);
const candidacies = new WeakMap<ElectionClient, Map<string, Candidacy>>();

/** Properties of `ElectionProvider`. */
export interface ElectionProviderProps {
  /** Made by the application, and closed by it: it outlives the components. */
  readonly client: ElectionClient;
  readonly children?: ReactNode;
}

/** Provides the client to every `useLeader` below it. */
export const ElectionProvider = ({ client, children }: ElectionProviderProps): ReactElement =>
  createElement(Client.Provider, { value: client, children });

/**
 * Runs for leadership of the component while the React component is mounted, and returns who leads. React components that
 * name the same component share one contender. The contender keeps the options that the first of these React components had
 * when that one was mounted.
 */
export function useLeader<Component extends string>(
  component: Component,
  { contend = true, ...options }: LeaderOptions = {},
): LeaderState<Component> {
  const client = useContext(Client);
  if (!client)
    throw new Error(
      "useLeader needs an ElectionProvider above it: wrap the tree in <ElectionProvider client={client}>",
    );
  const candidacy = candidacyOf(client, component, contend);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the options at the time of mounting count
  const subscribe = useCallback((listener: () => void) => candidacy.subscribe(listener, options), [candidacy]);
  return useSyncExternalStore(subscribe, candidacy.snapshot, candidacy.serverSnapshot) as LeaderState<Component>;
}

function candidacyOf(client: ElectionClient, component: string, contend: boolean): Candidacy {
  const known = candidacies.get(client) ?? new Map<string, Candidacy>();
  candidacies.set(client, known);
  const key = `${component} ${contend}`;
  const candidacy = known.get(key) ?? createCandidacy(client, component, contend);
  known.set(key, candidacy);
  return candidacy;
}
