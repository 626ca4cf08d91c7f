/**
 * A persistent sorted map: an AVL tree whose updates copy one path and share the rest (Adelson-Velsky and Landis, 1962;
 * path copying: Driscoll et al., "Making data structures persistent", 1989). `get`, `set`, `delete` and `first` take
 * O(log n), so that the work for one message does not grow with the number of sessions. An update that changes
 * nothing returns the same map.
 */
import { take } from "../../shared/take.ts";

type Node<K, V> = {
  readonly key: K;
  readonly value: V;
  readonly left: Node<K, V> | null;
  readonly right: Node<K, V> | null;
  readonly height: number;
  readonly size: number;
};
type Tree<K, V> = Node<K, V> | null;

/** Negative, zero or positive, as `left` comes before, with, or after `right`. */
export type Compare<K> = (left: K, right: K) => number;

export const compareText: Compare<string> = (left, right) => {
  if (left === right) return 0;
  return left < right ? -1 : 1;
};

export class SortedMap<K, V> {
  readonly #compare: Compare<K>;
  readonly #root: Tree<K, V>;

  private constructor(compare: Compare<K>, root: Tree<K, V>) {
    this.#compare = compare;
    this.#root = root;
  }

  static empty<K, V>(compare: Compare<K>): SortedMap<K, V> {
    return new SortedMap<K, V>(compare, null);
  }

  get size(): number {
    return this.#root?.size ?? 0;
  }

  get(key: K): V | undefined {
    let node = this.#root;
    while (node !== null) {
      const order = this.#compare(key, node.key);
      if (order === 0) return node.value;
      node = order < 0 ? node.left : node.right;
    }
    return undefined;
  }

  isSameKey(left: K, right: K): boolean {
    return this.#compare(left, right) === 0;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): SortedMap<K, V> {
    return this.#with(insert(this.#root, key, value, this.#compare));
  }

  delete(key: K): SortedMap<K, V> {
    return this.#with(remove(this.#root, key, this.#compare));
  }

  /** A map of these entries alone, in the same order; no two keys are the same. In one go, where updates would each search. */
  of(entries: readonly (readonly [K, V])[]): SortedMap<K, V> {
    const order = ([left]: readonly [K, V], [right]: readonly [K, V]): number => this.#compare(left, right);
    const isSorted =
      entries.length < 2 ||
      entries.every((entry, index) => {
        const before = entries[index - 1];
        return before === undefined || order(before, entry) < 0;
      });
    return this.#with(built(isSorted ? entries : entries.toSorted(order), 0, entries.length));
  }

  /** The entry with the smallest key. */
  first(): readonly [K, V] | undefined {
    if (this.#root === null) return undefined;
    const { key, value } = leftmost(this.#root);
    return [key, value];
  }

  /** In key order, from the first key that is not before `from`. It walks the map as it is now: later updates make other maps. */
  entries(from?: K): IterableIterator<readonly [K, V]> {
    return new Walk(this.#ahead(from), entryIn);
  }

  /** At most `count` entries in key order, from the one at `index` on: counted from 0. Takes O(log n + count). */
  slice(index: number, count: number): (readonly [K, V])[] {
    const ahead: Node<K, V>[] = [];
    let left = index;
    for (let node = this.#root; node !== null; ) {
      const before = sizeOf(node.left);
      const inside = left <= before;
      if (inside) ahead.push(node);
      else left -= before + 1;
      node = inside ? node.left : node.right;
    }
    return take(new Walk(ahead, entryIn), count);
  }

  /** In key order, and cheaper than `entries` where the map is small and there are many of them. */
  each(visit: (key: K, value: V) => void): void {
    walk(this.#root, visit);
  }

  /** A list of what `make` makes of the entries. In key order, and cheaper than a list of `entries`. */
  map<R>(make: (key: K, value: V) => R): R[] {
    const all: R[] = [];
    this.each((key, value) => all.push(make(key, value)));
    return all;
  }

  /** Whether any entry passes. In key order; the entries after that one are not looked at. */
  some(test: (key: K, value: V) => boolean): boolean {
    return hasAny(this.#root, test);
  }

  keys(from?: K): IterableIterator<K> {
    return new Walk(this.#ahead(from), keyIn);
  }

  values(): IterableIterator<V> {
    return new Walk(this.#ahead(undefined), valueIn);
  }

  /** What a walk from there has ahead. */
  #ahead(from: K | undefined): Node<K, V>[] {
    const ahead: Node<K, V>[] = [];
    for (let node = this.#root; node !== null; ) {
      const inside = from === undefined || this.#compare(node.key, from) >= 0;
      if (inside) ahead.push(node);
      node = inside ? node.left : node.right;
    }
    return ahead;
  }

  #with(root: Tree<K, V>): SortedMap<K, V> {
    return root === this.#root ? this : new SortedMap(this.#compare, root);
  }
}

const heightOf = (tree: Tree<unknown, unknown>): number => tree?.height ?? 0;
const sizeOf = (tree: Tree<unknown, unknown>): number => tree?.size ?? 0;

function join<K, V>(left: Tree<K, V>, key: K, value: V, right: Tree<K, V>): Node<K, V> {
  const height = Math.max(heightOf(left), heightOf(right)) + 1;
  return { key, value, left, right, height, size: sizeOf(left) + sizeOf(right) + 1 };
}

/** Joins two trees whose heights differ by at most two into one whose sides differ by at most one. */
function balanced<K, V>(left: Tree<K, V>, key: K, value: V, right: Tree<K, V>): Node<K, V> {
  if (left !== null && left.height > heightOf(right) + 1) {
    const inner = left.right;
    if (inner === null || heightOf(left.left) >= inner.height) {
      return join(left.left, left.key, left.value, join(inner, key, value, right));
    }
    const outer = join(left.left, left.key, left.value, inner.left);
    return join(outer, inner.key, inner.value, join(inner.right, key, value, right));
  }
  if (right !== null && right.height > heightOf(left) + 1) {
    const inner = right.left;
    if (inner === null || heightOf(right.right) >= inner.height) {
      return join(join(left, key, value, inner), right.key, right.value, right.right);
    }
    const outer = join(inner.right, right.key, right.value, right.right);
    return join(join(left, key, value, inner.left), inner.key, inner.value, outer);
  }
  return join(left, key, value, right);
}

function insert<K, V>(tree: Tree<K, V>, key: K, value: V, compare: Compare<K>): Node<K, V> {
  if (tree === null) return { key, value, left: null, right: null, height: 1, size: 1 };
  const order = compare(key, tree.key);
  if (order === 0) return tree.value === value ? tree : { ...tree, value };
  const side = order < 0 ? tree.left : tree.right;
  const next = insert(side, key, value, compare);
  if (next === side) return tree;
  return order < 0 ? balanced(next, tree.key, tree.value, tree.right) : balanced(tree.left, tree.key, tree.value, next);
}

function remove<K, V>(tree: Tree<K, V>, key: K, compare: Compare<K>): Tree<K, V> {
  if (tree === null) return null;
  const order = compare(key, tree.key);
  if (order === 0) {
    if (tree.left === null || tree.right === null) return tree.left ?? tree.right;
    const next = leftmost(tree.right);
    return balanced(tree.left, next.key, next.value, remove(tree.right, next.key, compare));
  }
  const side = order < 0 ? tree.left : tree.right;
  const next = remove(side, key, compare);
  if (next === side) return tree;
  return order < 0 ? balanced(next, tree.key, tree.value, tree.right) : balanced(tree.left, tree.key, tree.value, next);
}

/** The sorted entries from `start` to before `end`, with the middle one on top. */
function built<K, V>(sorted: readonly (readonly [K, V])[], start: number, end: number): Tree<K, V> {
  const middle = (start + end) >> 1;
  const entry = sorted[middle];
  if (start >= end || entry === undefined) return null;
  return join(built(sorted, start, middle), entry[0], entry[1], built(sorted, middle + 1, end));
}

/**
 * From the last node of `ahead` on; each other one there is an ancestor that comes later. By hand: most turns take only the
 * first steps of some walks, and a generator takes several times as long to begin.
 */
class Walk<K, V, Step> implements IterableIterator<Step> {
  readonly #ahead: Node<K, V>[];
  readonly #stepOf: (node: Node<K, V>) => Step;

  constructor(ahead: Node<K, V>[], stepOf: (node: Node<K, V>) => Step) {
    this.#ahead = ahead;
    this.#stepOf = stepOf;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Step> {
    const node = this.#ahead.pop();
    if (node === undefined) return { done: true, value: undefined };
    for (let next = node.right; next !== null; next = next.left) this.#ahead.push(next);
    return { done: false, value: this.#stepOf(node) };
  }
}

const entryIn = <K, V>({ key, value }: Node<K, V>): readonly [K, V] => [key, value];
const keyIn = <K>({ key }: Node<K, unknown>): K => key;
const valueIn = <V>({ value }: Node<unknown, V>): V => value;

function walk<K, V>(tree: Tree<K, V>, visit: (key: K, value: V) => void): void {
  if (tree === null) return;
  walk(tree.left, visit);
  visit(tree.key, tree.value);
  walk(tree.right, visit);
}

const hasAny = <K, V>(tree: Tree<K, V>, test: (key: K, value: V) => boolean): boolean =>
  tree !== null && (hasAny(tree.left, test) || test(tree.key, tree.value) || hasAny(tree.right, test));

function leftmost<K, V>(tree: Node<K, V>): Node<K, V> {
  let node = tree;
  while (node.left !== null) node = node.left;
  return node;
}
