/**
 * Foreign mutants: faults that a rule puts into a source wherever it fits, so that nobody has chosen them (DeMillo, Lipton and
 * Sayward, "Hints on Test Data Selection", Computer 11:4, 1978).
 */
import { type Expression, type Node, parseSync, type Statement } from "oxc-parser";

/** One fault in one place. */
export interface Mutation {
  /** From 1. */
  readonly line: number;
  /** The text of that line. */
  readonly within: string;
  /** The text of the line before that. */
  readonly behind: string;
  /** The text that it replaces, and by what. */
  readonly from: string;
  readonly to: string;
  readonly kind: Kind;
  readonly start: number;
  readonly end: number;
}

export type Kind = "boundary" | "operator" | "condition" | "constant" | "statement" | "order" | "bound" | "filter";

const BOUNDARIES: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
const OPERATORS: Readonly<Record<string, string>> = {
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
  "===": "!==",
  "!==": "===",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "&&": "||",
  "||": "&&",
};

/** What is said to somebody is no behaviour that a rule speaks of. */
const SAYS_ONLY = new Set(["ThrowStatement", "TemplateLiteral", "ImportDeclaration", "ImportExpression"]);

/** All mutants of one source, in the order of their places. */
export function mutationsOf(file: string, source: string): Mutation[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} can't be read: ${errors[0]?.message}`);
  const found: Mutation[] = [];
  const lines = source.split("\n");
  const add = (kind: Kind, { start, end }: Span, to: string): void => {
    const from = source.slice(start, end);
    if (from === to) return;
    const line = source.slice(0, start).split("\n").length;
    const textOf = (number: number): string => lines[number - 1]?.trim() ?? "";
    found.push({ kind, line, within: textOf(line), behind: textOf(line - 1), from, to, start, end });
  };
  const text = ({ start, end }: Span): string => source.slice(start, end);
  const visit = (node: Node): void => {
    if (SAYS_ONLY.has(node.type) || node.type.startsWith("TS")) return visitWrapped(node, visit);
    mutate(node, add, text);
    for (const child of childrenOf(node)) visit(child);
  };
  visit(program);
  return found.sort((one, other) => one.start - other.start || one.end - other.end);
}

export const applied = (source: string, { start, end, to }: Mutation): string =>
  source.slice(0, start) + to + source.slice(end);

interface Span {
  readonly start: number;
  readonly end: number;
}
type Add = (kind: Kind, place: Span, to: string) => void;
type Text = (place: Span) => string;

/** `x as const` and `x satisfies T` hold an expression. */
function visitWrapped(node: Node, visit: (node: Node) => void): void {
  if (node.type === "TSAsExpression" || node.type === "TSSatisfiesExpression" || node.type === "TSNonNullExpression") {
    visit(node.expression);
  }
}

function mutate(node: Node, add: Add, text: Text): void {
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
      return mutateOperator(node, add, text);
    case "UnaryExpression":
      if (node.operator === "!") add("condition", node, text(node.argument));
      return;
    case "IfStatement":
      add("condition", node.test, "true");
      add("condition", node.test, "false");
      return;
    case "ConditionalExpression":
      add("condition", node, `(${text(node.consequent)})`);
      add("condition", node, `(${text(node.alternate)})`);
      return;
    case "Literal":
      return mutateConstant(node, add);
    case "CallExpression":
      return mutateCall(node.callee, node, add, text);
    case "BlockStatement":
    case "Program":
      return mutateStatements(node.body, add, text);
    case "SwitchCase":
      return mutateStatements(node.consequent, add, text);
    default:
  }
}

function mutateOperator(
  node: Span & { readonly operator: string; readonly left: Span; readonly right: Span },
  add: Add,
  text: Text,
): void {
  const { operator, left, right } = node;
  const joined = (by: string): string => `${text(left)} ${by} ${text(right)}`;
  const boundary = BOUNDARIES[operator];
  const other = OPERATORS[operator];
  if (boundary !== undefined) add("boundary", node, joined(boundary));
  // One side of a conjunction may hold an operator that binds less.
  if (other !== undefined)
    add("operator", node, operator === "&&" ? `(${text(left)}) || (${text(right)})` : joined(other));
  if (operator === "&&" || operator === "||" || operator === "??") {
    add("condition", node, `(${text(left)})`);
    add("condition", node, `(${text(right)})`);
  }
}

function mutateConstant({ value, ...place }: Span & { readonly value: unknown }, add: Add): void {
  if (typeof value === "boolean") add("constant", place, String(!value));
  if (typeof value === "number") add("constant", place, value === 0 ? "1" : `(${value} * 2)`);
  if (typeof value === "number" && value !== 0) add("constant", place, "0");
}

function mutateCall(callee: Expression | Node, call: Span, add: Add, text: Text): void {
  const name = text(callee);
  if (name === "Math.min") add("bound", callee, "Math.max");
  if (name === "Math.max") add("bound", callee, "Math.min");
  if (callee.type === "MemberExpression" && name.endsWith(".filter")) add("filter", call, text(callee.object));
}

const DROPPED = new Set(["ExpressionStatement", "ContinueStatement", "BreakStatement", "ForOfStatement"]);

/** A statement is left out, or changes places with the next one. */
function mutateStatements(body: readonly (Statement | Node)[], add: Add, text: Text): void {
  for (const [index, one] of body.entries()) {
    if (DROPPED.has(one.type)) add("statement", one, ";");
    if (one.type === "ReturnStatement" && one.argument === null) add("statement", one, ";");
    const next = body[index + 1];
    if (one.type === "ExpressionStatement" && next?.type === "ExpressionStatement") {
      add("order", { start: one.start, end: next.end }, `${text(next)} ${text(one)}`);
    }
  }
}

/** The keys that hold types, or names. */
const NO_CODE = new Set([
  "type",
  "start",
  "end",
  "typeAnnotation",
  "typeArguments",
  "typeParameters",
  "returnType",
  "key",
]);

function childrenOf(node: Node): Node[] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
    if (NO_CODE.has(key)) return [];
    return (Array.isArray(value) ? value : [value]).filter(isNode);
  });
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
