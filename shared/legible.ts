/** Text of others for people: it can't steer a terminal, and imitates or reverses no text around it. */

/**
 * Invisible characters that reverse or break the text around them: controls, marks of format and direction, line breaks.
 * Not the two that join letters and emoji.
 */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const codePoint = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");

/** The text with its invisible characters written out. */
export const legible = (text: string): string => text.replace(UNSEEN, (character) => `‹U+${codePoint(character)}›`);

/** The same value with all its texts, those of unexpected places included, made legible. */
export function allLegible<Value>(value: Value): Value;
export function allLegible(value: unknown): unknown {
  if (typeof value === "string") return legible(value);
  if (Array.isArray(value)) return value.map((item) => allLegible(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [legible(name), allLegible(item)]));
}

/** Most lines of a log hold nothing else: this is quickly seen. */
const PRINTABLE_ASCII = /^[ -~]*$/;

/** JSON on one line, of the same value, whose invisible characters are escaped. */
export function legibleJson(value: unknown): string {
  const text = JSON.stringify(value);
  return PRINTABLE_ASCII.test(text) ? text : text.replace(UNSEEN, escaped);
}

const escaped = (character: string): string =>
  Array.from(character.split(""), (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
