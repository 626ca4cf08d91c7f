/**
 * Whether two values are alike, lists and objects by what is in them. States share whatever a transition has left alone, so
 * only what it has made anew is looked into; to compare them as text would write both out at every event.
 */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((entry, index) => isSame(entry, other[index]));
  for (const key in one) if (!isSame(Reflect.get(one, key), Reflect.get(other, key))) return false;
  for (const key in other) if (!(key in one)) return false;
  return true;
}
