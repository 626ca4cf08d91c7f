/** `edge-election/react`: who leads, as state of a component. */
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useSyncExternalStore,
} from "react";
import type { ElectionClient } from "../index.ts";
import { type Candidacy, createCandidacy, type LeaderOptions, type LeaderState } from "./candidacy.ts";

export type { LeaderOptions, LeaderState } from "./candidacy.ts";

const Client = createContext<ElectionClient | null>(null);
const candidacies = new WeakMap<ElectionClient, Map<string, Candidacy>>();

/** Of `ElectionProvider`. */
export interface ElectionProviderProps {
  /** Made by the application, and closed by it: it outlives the components. */
  readonly client: ElectionClient;
  readonly children?: ReactNode;
}

/** Gives the client to every `useLeader` below it. */
export const ElectionProvider = ({ client, children }: ElectionProviderProps): ReactElement =>
  createElement(Client.Provider, { value: client, children });

/**
 * Runs for leadership of the component while it is mounted, and tells who leads. Those that name the same component share
 * one contender, whose options are those of the first.
 */
export function useLeader<Component extends string>(
  component: Component,
  { contend = true, ...options }: LeaderOptions = {},
): LeaderState<Component> {
  const client = useContext(Client);
  if (!client) throw new Error("useLeader needs an ElectionProvider");
  const known = candidacies.get(client) ?? new Map<string, Candidacy>();
  candidacies.set(client, known);
  const key = `${component} ${contend}`;
  const candidacy = known.get(key) ?? createCandidacy(client, component, contend, options);
  known.set(key, candidacy);
  return useSyncExternalStore(...candidacy) as LeaderState<Component>;
}
