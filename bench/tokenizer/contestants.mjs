// The processes that encode: ours and llama.cpp through tokenizer_bench, the npm packages through peer_child.mjs.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { peers, version_of, write_tokenizer_json } from './peers.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const repository = fileURLToPath(new URL('../..', import.meta.url));

function program() {
  const beside = process.env.FOREBAY_BIN ? dirname(process.env.FOREBAY_BIN) : join(repository, 'build/release/bin');
  const path = join(beside, 'tokenizer_bench');
  if (!existsSync(path)) throw new Error(`${path} is missing: build it (./run), or set FOREBAY_BIN to the forebay beside it`);
  return path;
}

export function llama_models_folder() {
  const child = spawnSync(join(repository, 'third_party/llama.sh'), { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`third_party/llama.sh failed:\n${child.stderr}`);
  return join(child.stdout.trim().split('\n').at(-1), 'share/models');
}

// Hugging Face's library would use every core; ggml would start a debugger where it aborts.
const child_environment = { ...process.env, RAYON_NUM_THREADS: '1', GGML_NO_BACKTRACE: '1' };

// One encoder in a process. ask() may be called once at a time; an answer later than `limit_ms` ends the process.
export class Contestant {
  constructor({ name, encoding, ours, command, args }) {
    Object.assign(this, { name, encoding, ours, command, args });
  }

  // Starts it anew; resolves to what it says about opening.
  async start() {
    this.stop();
    this.child = spawn(this.command, this.args, { stdio: ['pipe', 'pipe', 'pipe'], env: child_environment });
    this.stderr = '';
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr = (this.stderr + text).slice(-2000)));
    this.child.stdin.on('error', () => {});
    const child = this.child;
    this.waiting = undefined;
    const answered = (answer) => {
      if (child !== this.child) return;
      this.waiting?.(answer);
      this.waiting = undefined;
    };
    createInterface({ input: child.stdout }).on('line', (line) => answered(JSON.parse(line)));
    child.on('error', (error) => answered({ error: error.message }));
    child.on('close', (code, signal) => {
      if (child !== this.child) return;
      answered({ error: `ended with ${code ?? signal}: ${this.stderr.trim()}` });
      this.child = undefined;
    });
    const opened = await this.next_answer(120_000);
    if (opened.error) throw new Error(`${this.name} (${this.encoding}) does not start: ${opened.error}`);
    return opened;
  }

  async next_answer(limit_ms) {
    let clock;
    const late = new Promise((resolve) => {
      clock = setTimeout(() => {
        this.stop();
        resolve({ error: `over ${limit_ms / 1000} s`, late: true });
      }, limit_ms);
    });
    const answer = new Promise((resolve) => (this.waiting = resolve));
    const first = await Promise.race([answer, late]);
    clearTimeout(clock);
    return first;
  }

  async ask(question, limit_ms = 300_000) {
    if (!this.child) await this.start();
    const answer = this.next_answer(limit_ms);
    this.child.stdin.write(`${question}\n`);
    return answer;
  }

  // The answer; an error is thrown.
  async get(question) {
    const answer = await this.ask(question);
    if (answer.error) throw new Error(`${this.name} (${this.encoding}), asked "${question}": ${answer.error}`);
    return answer;
  }

  stop() {
    const child = this.child;
    this.child = undefined;
    child?.kill('SIGKILL');
  }
}

// Those that produce the same ids, by encoding. `temporary` takes files that some of them read.
export function make_contestants(encodings, temporary) {
  const bench = program();
  const models = llama_models_folder();
  const ours = (encoding, ...args) => new Contestant({ name: 'ours', encoding, ours: true, command: bench, args });
  const published = (encoding) => {
    const json = join(temporary, `${encoding}.json`);
    write_tokenizer_json(encoding, json);
    return Object.keys(peers).map((peer) => {
      const name = `${peer} ${version_of(peer)}`;
      return new Contestant({ name, encoding, command: process.execPath, args: [join(folder, 'peer_child.mjs'), peer, encoding, json] });
    });
  };
  return Object.fromEntries(
    encodings.map((encoding) => {
      if (encoding.endsWith('_base')) return [encoding, [ours(encoding, 'built-in', encoding), ...published(encoding)]];
      const file = join(models, `ggml-vocab-${encoding}.gguf`);
      const theirs = new Contestant({ name: 'llama.cpp 0.5.0', encoding, command: bench, args: ['llama', file] });
      return [encoding, [ours(encoding, 'file', file), theirs]];
    }),
  );
}
