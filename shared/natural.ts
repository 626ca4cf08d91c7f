/** The order in which people expect names: `job2` before `job10`, upper and lower case alike. */

/** How many digits the longest number of a name has, as text of this many characters. */
const LENGTH_DIGITS = 3;

/** Two names are in natural order if their keys are in the order of texts. Different names have different keys. */
export const naturalKey = (name: string): string => `${name.toLowerCase().replace(/\d+/g, keyOfNumber)} ${name}`;

/** A longer number is a larger one, once its zeros in front are gone. */
function keyOfNumber(digits: string): string {
  const number = digits.replace(/^0+(?=\d)/, "");
  return `${String(number.length).padStart(LENGTH_DIGITS, "0")}${number}`;
}

export function inNaturalOrder(left: string, right: string): number {
  const [leftKey, rightKey] = [naturalKey(left), naturalKey(right)];
  if (leftKey === rightKey) return 0;
  return leftKey < rightKey ? -1 : 1;
}
