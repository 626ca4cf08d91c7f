/** The deployment's settings in one incarnation, and what becomes of those that this version refuses. */
import { clientMessageParser } from "../../shared/protocol/client-codec.ts";
import type { Policy, PolicyOptions } from "../group/policy.ts";
import type { HostPort } from "./port.ts";
import type { FrameReader } from "./read-frame.ts";

export interface GroupSettings {
  readonly text: string;
  /** False until the next commit: settings are stored with rows, so a mere look stores nothing. */
  readonly isStored: boolean;
  readonly reader: FrameReader;
}

type Port = Pick<HostPort<never>, "createPolicy" | "failed">;

/** `null`, and a line in the log, for settings that this version refuses. */
export function accepted(port: Port, text: string): Policy | null {
  try {
    return port.createPolicy(JSON.parse(text) as PolicyOptions);
  } catch (error) {
    port.failed("policy_refused", error);
    return null;
  }
}

/** Stored settings that this version refuses give way to the defaults, until the next request brings others. */
export function usable(port: Port, settings: PolicyOptions | null): readonly [PolicyOptions, Policy] {
  try {
    const options = settings ?? {};
    return [options, port.createPolicy(options)];
  } catch (error) {
    port.failed("policy_refused", error);
    return [{}, port.createPolicy({})];
  }
}

export const readerFor = ({ limits }: Policy): FrameReader => ({
  messageBytes: limits.messageBytes,
  parse: clientMessageParser(limits),
});
