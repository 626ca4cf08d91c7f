/** Bytes of a text as UTF-8. */
export function byteLength(value: string): number {
  let bytes = value.length;
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    // Each half of a surrogate pair stands for two of the pair's four bytes.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** A UTF-16 code unit takes at most so many: a short text need not be counted. */
const MOST_BYTES = 3;

/** Whether a text has more bytes than so many. */
export const isLonger = (value: string, bytes: number): boolean =>
  value.length > bytes || (value.length * MOST_BYTES > bytes && byteLength(value) > bytes);
