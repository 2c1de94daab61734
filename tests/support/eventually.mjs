// Waiting for a condition, and temporary folders that vanish with the process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

// A sanitizer build is several times slower: one number stretches every limit.
export const patience = Number(process.env.FOREBAY_PATIENCE ?? 1);

// Calls `probe` until it returns something truthy, and returns that. A throw counts as "not yet" and is
// named when the time is over.
export async function eventually(what, probe, { timeout_ms = 20_000, interval_ms = 20 } = {}) {
  const end = Date.now() + timeout_ms * patience;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const why = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`gave up waiting for ${what} after ${timeout_ms * patience} ms; last seen: ${why}`);
    }
    await pause(interval_ms);
  }
}

// `promise`, or an error that says what did not happen in time.
export async function within(timeout_ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} did not happen within ${timeout_ms * patience} ms`)),
      timeout_ms * patience,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const folders = [];

export function temporary_folder(name = 'forebay') {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  folders.push(folder);
  return folder;
}

process.on('exit', () => {
  if (process.env.FOREBAY_KEEP) {
    for (const folder of folders) console.error(`kept ${folder}`);
    return;
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

// What a whole file or suite must undo, last first: `after(() => scope.close())`.
export class Scope {
  undo = [];

  after(action) {
    this.undo.push(action);
  }

  async close() {
    const failures = [];
    for (const action of this.undo.reverse()) {
      try {
        await action();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((one) => one.message).join('\n'));
  }
}
