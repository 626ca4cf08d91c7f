/**
 * Fuzzing: random frames from a grammar, into the codec and into a live group. The protocol predicts the server's reaction to
 * each frame; a session with another outcome is a finding, reported with the seed that replays it.
 */

import fc from "fast-check";
import { clientMessageParser } from "../../shared/protocol/client-codec.ts";
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import { byteLength } from "../../shared/protocol/codec.ts";
import { InvalidField } from "../../shared/protocol/fields.ts";
import { DEFAULT_LIMITS, MESSAGE_BURST } from "../../shared/protocol/limits.ts";
import type { ClientMessage } from "../../shared/protocol/messages.ts";
import { anyFrame, legalFrame } from "./frames.ts";
import { connectPeer, type Destination } from "./socket-peer.ts";
import type { Tally } from "./tally.ts";
import { tokenFor } from "./tokens.ts";

const parseFrame = clientMessageParser(DEFAULT_LIMITS);

/** The message of a frame, or `null` if it is none; any other behaviour of the codec is a finding. */
function read(frame: string): ClientMessage | null {
  try {
    return parseFrame(frame);
  } catch (error) {
    if (error instanceof InvalidField) return null;
    throw new Error(`the codec threw something else for ${JSON.stringify(frame.slice(0, 200))}`, { cause: error });
  }
}

const SAMPLE = 2_000;

/** Reads this many frames; a message must be readable again from its own text. Returns the number of messages. */
export function fuzzCodec(frames: number, seed: number): number {
  let messages = 0;
  for (let done = 0; done < frames; done += SAMPLE) {
    for (const frame of fc.sample(anyFrame, { numRuns: Math.min(SAMPLE, frames - done), seed: seed + done })) {
      const message = read(frame);
      if (message === null) continue;
      messages += 1;
      const again = read(JSON.stringify(message));
      if (JSON.stringify(again) !== JSON.stringify(message))
        throw new Error(`read otherwise the second time: ${frame}`);
    }
  }
  return messages;
}

/** So many for each socket that soon sends something wrong: refused frames do no less harm than wrong ones. */
const CALM_SOCKETS = 4;
/** Below the burst that a connection may always send, unless a large frame is among them. */
const FRAMES_A_SOCKET = 90;
const BARRIER = 4_242;

/** The outcome of a socket: it is closed with the code of its last frame, or lives (`null`). */
interface Fate {
  readonly code: number | null;
  readonly frames: readonly string[];
  /**
   * Whether the frames may cost more than the burst. Then it depends on how fast they arrive: the allowance comes back
   * at so many a second, and a socket that is faster is closed with 4429 before its last frame is judged.
   */
  readonly beyondBurst: boolean;
}

/** Without a hello of its own in front the first frame has to be one. */
export function foretell(frames: readonly string[], greeted: boolean): Fate {
  let known = greeted;
  let [cost, names] = [greeted ? 1 : 0, 1];
  for (const [index, frame] of frames.entries()) {
    const message = read(frame);
    cost += costOf(frame);
    const beyondBurst = cost > MESSAGE_BURST;
    const code = closeFor(frame, message, known);
    if (code !== null) return { code, frames: frames.slice(0, index + 1), beyondBurst };
    known = true;
    names += namesIn(message);
    cost += chargeFor(message, names);
  }
  return { code: null, frames, beyondBurst: cost > MESSAGE_BURST };
}

const mayEnd = ({ code, beyondBurst }: Fate, as: number | null): boolean =>
  as === code || (beyondBurst && as === CLOSE.tooMany);

/** A frame counts as one, and as one more for each of these (PROTOCOL.md, "Limits"). */
const FRAME_CHARACTERS = 16_384;
const costOf = (frame: string): number => 1 + Math.min(Math.floor(frame.length / FRAME_CHARACTERS), MESSAGE_BURST / 2);

const namesIn = (message: ClientMessage | null): number => {
  if (message?.type === "hello") return message.contenders?.length ?? 0;
  return message?.type === "register" ? 1 : 0;
};

/** The most that is charged for the work of a message: a move in this many queues, or a snapshot of a small group. */
function chargeFor(message: ClientMessage | null, names: number): number {
  if (message?.type === "priority") return Math.floor(names / PLACES);
  return message?.type === "observe" ? 1 : 0;
}
const PLACES = 16;

function closeFor(frame: string, message: ClientMessage | null, greeted: boolean): number | null {
  if (byteLength(frame) > DEFAULT_LIMITS.messageBytes) return CLOSE.tooLarge;
  if (message === null) return CLOSE.protocolViolation;
  if (greeted === (message.type === "hello")) return CLOSE.protocolViolation;
  return message.type === "bye" ? CLOSE.normal : null;
}

/** What one socket sends: mostly legal frames, mostly random ones, or, without a hello of its own, random ones from the first. */
function* batches(seed: number): Generator<{ readonly frames: readonly string[]; readonly greeted: boolean }> {
  for (let pool = seed; ; pool += 1) {
    const legal = fc.sample(legalFrame, { numRuns: SAMPLE, seed: pool });
    const any = fc.sample(anyFrame, { numRuns: SAMPLE, seed: pool });
    for (let from = 0; from < SAMPLE; from += FRAMES_A_SOCKET) {
      const [calm, wild] = [legal.slice(from, from + FRAMES_A_SOCKET), any.slice(from, from + FRAMES_A_SOCKET)];
      for (let again = 0; again < CALM_SOCKETS; again++) {
        yield {
          frames: [...calm.slice(again), ...calm.slice(0, again), ...wild.slice(again, again + 1)],
          greeted: true,
        };
      }
      yield { frames: [...calm.slice(0, 9), ...wild.slice(CALM_SOCKETS, 10)], greeted: true };
      yield { frames: wild.slice(10), greeted: false };
    }
  }
}

/** Goes on as long as `running` says so, to the end of a socket's frames. An outcome that differs from the prediction is a finding. */
export async function fuzzGroup(
  target: Destination,
  seed: number,
  tally: Tally,
  running: () => boolean,
): Promise<void> {
  let sockets = 0;
  for (const batch of batches(seed)) {
    if (!running()) break;
    const fate = foretell(batch.frames, batch.greeted);
    const token = tokenOf(sockets, seed);
    sockets += 1;
    const code = await play({ ...target, token }, fate, batch.greeted);
    if (!mayEnd(fate, code)) {
      const last = JSON.stringify(fate.frames.at(-1)?.slice(0, 300));
      const wanted = fate.beyondBurst ? `${fate.code} or ${CLOSE.tooMany}` : `${fate.code}`;
      tally.add(`finding: seed ${seed}, socket ${sockets}: ${code} instead of ${wanted} for ${last}`);
    }
    tally.add("sockets");
    tally.add("frames", fate.frames.length);
    tally.add(`closed ${code}`);
  }
}

/** What a role may not do is refused by a message, so no role changes the fate of a socket. */
const ROLES = ["contend", "observe", "contend", "admin"] as const;

/** A subject of its own: so the rows that earlier sockets have caused keep nobody out. Every third one may contend for one component alone. */
const tokenOf = (socket: number, seed: number): string =>
  tokenFor(ROLES[socket % ROLES.length] ?? "contend", {
    subject: `fuzz-${seed}-${socket}`,
    ...(socket % 3 === 0 && { components: ["fuzz"] }),
  });

/** Sends the frames over a connection of their own. Resolves with its close code, or with `null` if it lives. */
async function play(target: Destination, fate: Fate, greeted: boolean): Promise<number | null> {
  const peer = await connectPeer(target);
  peer.silent = true; // it sends only the frames of its fate
  const ids = new Map([["$theirs", "somebody-else"]]);
  if (greeted) {
    const { sessionId } = await peer.hello({ contenders: [{ component: "fuzz", election: "dedicated" }] });
    ids.set("$session", sessionId);
    const mine = peer.inbox.last("grant");
    if (mine !== undefined) ids.set("$mine", mine.leaderSessionId);
  }
  for (const frame of fate.frames) peer.sendRaw(withIds(frame, ids));
  if (fate.code === null) peer.send({ type: "renew", sentAt: BARRIER, held: [] });
  const isAnswered = () => peer.inbox.all("renewed").some(({ sentAt }) => sentAt === BARRIER);
  await peer.until(() => peer.ended !== null || isAnswered(), "no answer");
  peer.drop();
  return peer.ended?.code ?? null;
}

const withIds = (frame: string, ids: ReadonlyMap<string, string>): string =>
  frame.length > 10_000 ? frame : frame.replace(/\$(?:mine|theirs|session)/g, (id) => ids.get(id) ?? id);
