/** The whole number that a text is, if it is within these bounds. It has digits only: no sign, no point, no exponent. */
export function wholeNumberIn(text: string, smallest: number, largest = Number.MAX_SAFE_INTEGER): number | undefined {
  const number = Number(text);
  return /^\d+$/.test(text) && number >= smallest && number <= largest ? number : undefined;
}
