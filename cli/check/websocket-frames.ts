/** The messages of one direction of a WebSocket, read off its bytes (RFC 6455, without extensions). */

export type WebSocketFrame =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "binary" }
  | { readonly type: "close"; readonly code: number };

const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8 } as const;
/** What a close without a code counts as. */
const NO_CODE = 1005;

interface Part {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

export class WebSocketReader {
  #bytes: Buffer = Buffer.alloc(0);
  #parts: Part[] = [];

  /** Returns what these bytes complete. */
  push(bytes: Buffer): readonly WebSocketFrame[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const frames: WebSocketFrame[] = [];
    for (let part = this.#next(); part !== null; part = this.#next()) {
      if (part.opcode === OPCODES.close) frames.push({ type: "close", code: codeIn(part.payload) });
      else if (part.opcode < OPCODES.close) frames.push(...this.#joined(part));
    }
    return frames;
  }

  #joined(part: Part): readonly WebSocketFrame[] {
    this.#parts.push(part);
    if (!part.isFinal) return [];
    const [first] = this.#parts;
    const payload = Buffer.concat(this.#parts.map((one) => one.payload));
    this.#parts = [];
    return [first?.opcode === OPCODES.text ? { type: "text", text: payload.toString("utf8") } : { type: "binary" }];
  }

  #next(): Part | null {
    const bytes = this.#bytes;
    if (bytes.length < 2) return null;
    const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)];
    const short = second & 0x7f;
    const lengthBytes = { 126: 2, 127: 8 }[short] ?? 0;
    const maskAt = 2 + lengthBytes;
    const payloadAt = maskAt + (second & 0x80 ? 4 : 0);
    if (bytes.length < payloadAt) return null;
    const length =
      lengthBytes === 0 ? short : bytes.readUIntBE(maskAt - Math.min(lengthBytes, 6), Math.min(lengthBytes, 6));
    if (bytes.length < payloadAt + length) return null;
    const payload = Buffer.from(bytes.subarray(payloadAt, payloadAt + length));
    if (payloadAt > maskAt) unmask(payload, bytes.subarray(maskAt, payloadAt));
    this.#bytes = bytes.subarray(payloadAt + length);
    return { isFinal: (first & 0x80) !== 0, opcode: first & 0x0f, payload };
  }
}

function unmask(payload: Buffer, mask: Buffer): void {
  for (let index = 0; index < payload.length; index += 1) {
    payload.writeUInt8(payload.readUInt8(index) ^ mask.readUInt8(index % mask.length), index);
  }
}

const codeIn = (payload: Buffer): number => (payload.length < 2 ? NO_CODE : payload.readUInt16BE(0));
