// One child of the test: its output so far, waiting for a line of it, and an end that is always reached.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { eventually, within } from './eventually.mjs';

const living = new Set();

// A test that dies must not leave a server behind.
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

export class Child {
  constructor(command, args, { env = process.env, cwd, stdin = 'ignore' } = {}) {
    this.name = [command, ...args].join(' ');
    this.stdout = '';
    this.stderr = '';
    this.code = undefined; // the exit code; null when a signal ended it
    this.signal = undefined;
    this.expected_codes = [0]; // what stop() takes for a good end
    this.raw = spawn(command, args, { env, cwd, stdio: [stdin, 'pipe', 'pipe'] });
    this.pid = this.raw.pid;
    living.add(this.raw);
    this.raw.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    this.raw.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.raw.on('error', (error) => {
      this.stderr += `cannot start ${command}: ${error.message}\n`;
      this.code ??= 127;
      living.delete(this.raw);
    });
    this.raw.on('exit', (code, signal) => {
      this.code = code;
      this.signal = signal;
      living.delete(this.raw);
    });
    this.closed = once(this.raw, 'close').catch(() => undefined);
  }

  get running() {
    return this.code === undefined;
  }

  get output() {
    return `--- stdout\n${this.stdout}--- stderr\n${this.stderr}`;
  }

  // The first match of `pattern` in what the child prints.
  async says(pattern, { timeout_ms = 30_000, on = 'stdout' } = {}) {
    return eventually(
      `${pattern} from ${this.name}`,
      () => {
        const match = this[on].match(pattern);
        if (match) return match;
        if (!this.running) throw new Error(`it ended with ${this.code ?? this.signal}:\n${this.output}`);
        return false;
      },
      { timeout_ms, interval_ms: 5 },
    );
  }

  signal_with(signal) {
    if (this.running) this.raw.kill(signal);
  }

  // SIGKILL, and waits until it is gone.
  async kill() {
    this.expected_codes.push(null);
    this.signal_with('SIGKILL');
    await within(30_000, `the end of ${this.name}`, this.closed);
  }

  // SIGTERM; fails unless it ends by itself, in time, with an expected code.
  async stop(timeout_ms = 60_000) {
    this.signal_with('SIGTERM');
    try {
      await within(timeout_ms, `the end of ${this.name} after SIGTERM`, this.closed);
    } catch (error) {
      await this.kill();
      throw new Error(`${error.message}\n${this.output}`);
    }
    if (!this.expected_codes.includes(this.code)) {
      throw new Error(`${this.name} ended with ${this.code ?? this.signal}\n${this.output}`);
    }
  }
}

// Runs a command to its end.
export async function run(command, args, { input, ...options } = {}) {
  const child = new Child(command, args, { ...options, stdin: input === undefined ? 'ignore' : 'pipe' });
  if (input !== undefined) child.raw.stdin.end(input);
  await within(120_000, `the end of ${child.name}`, child.closed);
  return child;
}
