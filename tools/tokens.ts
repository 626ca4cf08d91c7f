/** A piece of TypeScript source that matters to the checks. Comments and blanks are left out. */
export interface Token {
  /** A `string` is a literal without its quotes, or one text part of a template. */
  readonly kind: "word" | "string" | "regex" | "number" | "sign";
  readonly text: string;
  readonly line: number;
}

const blankOrComment = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const word = /[\p{ID_Start}$_#@][\p{ID_Continue}$]*/uy;
const quotedString = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const templateText = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;
const regexLiteral = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const numberLiteral = /\d[\w.]*/y;

/** After one of these words a slash begins a regular expression; after any other word it divides. */
const wordsBeforeRegex = new Set(["return", "typeof", "case", "in", "of", "void", "throw", "else", "await", "yield"]);

/** Splits TypeScript into tokens, well enough for the checks: it knows strings, templates, comments and regex literals. */
export function tokens(source: string): readonly Token[] {
  return new Scanner(source).scan();
}

class Scanner {
  readonly #source: string;
  readonly #found: Token[] = [];
  /** For each substitution that is open in a template, how many braces are open inside it. */
  readonly #openBraces: number[] = [];
  #position = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  scan(): readonly Token[] {
    while (this.#position < this.#source.length) {
      if (!this.#skip()) this.#next();
    }
    return this.#found;
  }

  #skip(): boolean {
    const skipped = this.#take(blankOrComment);
    this.#countLines(skipped ?? "");
    return skipped !== undefined;
  }

  #next(): void {
    const known =
      this.#addIf("word", this.#take(word)) ||
      this.#addIf("number", this.#take(numberLiteral)) ||
      this.#addIf("string", this.#take(quotedString)?.slice(1, -1)) ||
      (this.#regexMayFollow() && this.#addIf("regex", this.#take(regexLiteral)));
    if (!known) this.#sign(this.#source.charAt(this.#position));
  }

  #sign(character: string): void {
    this.#position += 1;
    const endsSubstitution = character === "}" && this.#openBraces.at(-1) === 0;
    if (endsSubstitution) this.#openBraces.pop();
    if (endsSubstitution || character === "`") this.#template();
    else this.#plainSign(character);
  }

  #plainSign(character: string): void {
    if (character === "{") this.#changeOpenBraces(1);
    if (character === "}") this.#changeOpenBraces(-1);
    this.#add("sign", character);
  }

  /** The text of a template up to its end or its next substitution, whose tokens follow. */
  #template(): void {
    this.#add("string", this.#take(templateText) ?? "");
    const substitutes = this.#source.startsWith("${", this.#position);
    this.#position += substitutes ? 2 : 1;
    if (substitutes) this.#openBraces.push(0);
  }

  #changeOpenBraces(by: number): void {
    const open = this.#openBraces.pop();
    if (open !== undefined) this.#openBraces.push(open + by);
  }

  #regexMayFollow(): boolean {
    const previous = this.#found.at(-1);
    if (previous === undefined) return true;
    if (previous.kind === "word") return wordsBeforeRegex.has(previous.text);
    return previous.kind === "sign" && !")]}".includes(previous.text);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const text = pattern.exec(this.#source)?.[0];
    this.#position += text?.length ?? 0;
    return text;
  }

  #addIf(kind: Token["kind"], text: string | undefined): boolean {
    if (text !== undefined) this.#add(kind, text);
    return text !== undefined;
  }

  #add(kind: Token["kind"], text: string): void {
    this.#found.push({ kind, text, line: this.#line });
    this.#countLines(text);
  }

  #countLines(text: string): void {
    this.#line += text.split("\n").length - 1;
  }
}
