/** The arguments of this project's own scripts: each has `--help`, and names an option that is unknown or wrong. */
import { Command, InvalidArgumentError } from "commander";
import { wholeNumberIn } from "../shared/whole-number.ts";

/** @param script as one types it: `npm run soak` */
export const scriptNamed = (script: string, description: string): Command =>
  new Command(`${script} --`)
    .description(description)
    .helpOption("--help", "show this help")
    .allowExcessArguments(false);

/** Parser of an option that is a whole number. */
export const wholeNumber =
  (smallest: number) =>
  (value: string): number => {
    const number = wholeNumberIn(value, smallest);
    if (number !== undefined) return number;
    throw new InvalidArgumentError(`It must be a whole number, ${smallest} or more.`);
  };

/** Parser of an option that is a time in minutes, or a part of one. */
export function minutes(value: string): number {
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
  throw new InvalidArgumentError("It must be a number of minutes, 0 or more.");
}
