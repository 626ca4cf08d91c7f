/** The groups lately looked at: names alone, kept in this browser. Where storage is forbidden there are none. */
import { isName } from "../../../shared/protocol/names.ts";

const KEY = "edge-election.groups";
const KEPT = 12;

export function recentGroups(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter(isName).slice(0, KEPT) : [];
  } catch {
    return [];
  }
}

export function rememberGroup(group: string): void {
  store([group, ...recentGroups().filter((other) => other !== group)].slice(0, KEPT));
}

export const forgetGroups = (): void => store([]);

function store(groups: readonly string[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(groups));
  } catch {
    // Full or forbidden: the list is a convenience.
  }
}
