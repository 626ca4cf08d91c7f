/** The addresses of this page. */
import { BASE } from "../base.ts";

/** The page of a group. */
export const addressOf = (group: string): string => `${BASE.pathname}?${new URLSearchParams({ group })}`;

/** Whether a path is this page's: with the slash of the mount path, or without. */
export const isThisPage = (path: string): boolean => path === BASE.pathname || `${path}/` === BASE.pathname;
