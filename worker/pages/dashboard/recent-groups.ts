/** The names of recently opened groups, kept in this browser. Empty if storage is forbidden. */
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
    // Storage is full or forbidden. The list is only a convenience.
  }
}
