/**
 * The longest wait of a test for something that must happen: a limit for tests that hang, far above the time of anything on
 * a busy machine. A test never asserts that something is fast: `bench/` measures that.
 */
export const PATIENCE_MS = 90_000;
