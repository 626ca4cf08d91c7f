/**
 * How long a test waits for something that has to happen: a bound for tests that hang, far above what anything takes on a
 * machine that is busy with other work. A test never asserts that something was fast: that is measured in `bench/`.
 */
export const PATIENCE_MS = 90_000;
