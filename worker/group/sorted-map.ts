/**
 * A persistent sorted map: an AVL tree whose updates copy one path and share the rest (Adelson-Velsky and Landis, 1962;
 * path copying: Driscoll et al., "Making data structures persistent", 1989). `get`, `set`, `delete` and `first` take
 * O(log n), so that the work for one message does not grow with the number of sessions. An update that changes
 * nothing returns the same map.
 */
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

export const compareText: Compare<string> = (left, right) => Number(left > right) - Number(left < right);

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

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): SortedMap<K, V> {
    return this.#with(insert(this.#root, key, value, this.#compare));
  }

  delete(key: K): SortedMap<K, V> {
    return this.#with(remove(this.#root, key, this.#compare));
  }

  /** The entry with the smallest key. */
  first(): readonly [K, V] | undefined {
    return this.#root === null ? undefined : entryOf(leftmost(this.#root));
  }

  /** In key order, from the first key that is not before `from`. */
  *entries(from?: K): Generator<readonly [K, V]> {
    yield* walk(this.#root, from, this.#compare);
  }

  *keys(from?: K): Generator<K> {
    for (const [key] of this.entries(from)) yield key;
  }

  *values(): Generator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  #with(root: Tree<K, V>): SortedMap<K, V> {
    return root === this.#root ? this : new SortedMap(this.#compare, root);
  }
}

const heightOf = (tree: Tree<unknown, unknown>): number => tree?.height ?? 0;
const sizeOf = (tree: Tree<unknown, unknown>): number => tree?.size ?? 0;
const entryOf = <K, V>(node: Node<K, V>): readonly [K, V] => [node.key, node.value];

function join<K, V>(left: Tree<K, V>, [key, value]: readonly [K, V], right: Tree<K, V>): Node<K, V> {
  const height = Math.max(heightOf(left), heightOf(right)) + 1;
  return { key, value, left, right, height, size: sizeOf(left) + sizeOf(right) + 1 };
}

/** Joins two trees whose heights differ by at most two into one whose sides differ by at most one. */
function balanced<K, V>(left: Tree<K, V>, entry: readonly [K, V], right: Tree<K, V>): Node<K, V> {
  if (left !== null && left.height > heightOf(right) + 1) {
    const inner = left.right;
    if (inner === null || heightOf(left.left) >= inner.height) {
      return join(left.left, entryOf(left), join(inner, entry, right));
    }
    return join(join(left.left, entryOf(left), inner.left), entryOf(inner), join(inner.right, entry, right));
  }
  if (right !== null && right.height > heightOf(left) + 1) {
    const inner = right.left;
    if (inner === null || heightOf(right.right) >= inner.height) {
      return join(join(left, entry, inner), entryOf(right), right.right);
    }
    return join(join(left, entry, inner.left), entryOf(inner), join(inner.right, entryOf(right), right.right));
  }
  return join(left, entry, right);
}

function insert<K, V>(tree: Tree<K, V>, key: K, value: V, compare: Compare<K>): Node<K, V> {
  if (tree === null) return join<K, V>(null, [key, value], null);
  const order = compare(key, tree.key);
  if (order === 0) return tree.value === value ? tree : join(tree.left, [tree.key, value], tree.right);
  const side = order < 0 ? tree.left : tree.right;
  const next = insert(side, key, value, compare);
  if (next === side) return tree;
  return order < 0 ? balanced(next, entryOf(tree), tree.right) : balanced(tree.left, entryOf(tree), next);
}

function remove<K, V>(tree: Tree<K, V>, key: K, compare: Compare<K>): Tree<K, V> {
  if (tree === null) return null;
  const order = compare(key, tree.key);
  if (order === 0) {
    if (tree.left === null || tree.right === null) return tree.left ?? tree.right;
    const next = leftmost(tree.right);
    return balanced(tree.left, entryOf(next), remove(tree.right, next.key, compare));
  }
  const side = order < 0 ? tree.left : tree.right;
  const next = remove(side, key, compare);
  if (next === side) return tree;
  return order < 0 ? balanced(next, entryOf(tree), tree.right) : balanced(tree.left, entryOf(tree), next);
}

function leftmost<K, V>(tree: Node<K, V>): Node<K, V> {
  let node = tree;
  while (node.left !== null) node = node.left;
  return node;
}

/** By a path of its own: generators within generators would cost as many steps for each entry as the tree is high. */
function* walk<K, V>(tree: Tree<K, V>, from: K | undefined, compare: Compare<K>): Generator<readonly [K, V]> {
  const path: Node<K, V>[] = [];
  for (let node = tree; node !== null; ) {
    const inside = from === undefined || compare(node.key, from) >= 0;
    if (inside) path.push(node);
    node = inside ? node.left : node.right;
  }
  for (let node = path.pop(); node !== undefined; node = path.pop()) {
    yield entryOf(node);
    for (let next = node.right; next !== null; next = next.left) path.push(next);
  }
}
