// The binary under test: `serve`, `worker` and the commands beside them.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Child, run } from './child.mjs';
import { eventually, temporary_folder } from './eventually.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const forebay_bin = resolve(process.env.FOREBAY_BIN ?? join(root, 'build/release/bin/forebay'));
export const models_folder = resolve(
  process.env.FOREBAY_MODELS ?? join(dirname(dirname(forebay_bin)), 'models'),
);

function built(file) {
  if (!existsSync(file)) throw new Error(`${file} is missing: build first, or set FOREBAY_BIN and FOREBAY_MODELS`);
  return file;
}
built(forebay_bin);
// Tells a story and stops by itself.
export const tiny_model = () => built(join(models_folder, 'tiny.gguf'));
// Random weights: says nonsense for as long as it may.
export const random_model = () => built(join(models_folder, 'random.gguf'));

export async function forebay(args, options = {}) {
  return run(forebay_bin, args, options);
}

async function forebay_ok(args, options = {}) {
  const child = await forebay(args, options);
  assert.equal(child.code, 0, `${child.name} failed\n${child.output}`);
  return child.stdout;
}

// One running `forebay serve`. `url` has no trailing slash; `key` may call models, `admin_key` may also
// use the control plane; both are made when first asked for.
export class Server {
  constructor(child, { url, data, config_file }) {
    Object.assign(this, { child, url, data, config_file });
    this.port = Number(new URL(url).port);
  }

  async create_key(name, { role } = {}) {
    return create_key(this.data, name, { role });
  }

  async revoke_key(name) {
    await forebay_ok(['key', 'revoke', name, '--data', this.data]);
  }

  async key() {
    return (this.made_key ??= await this.create_key('test'));
  }

  async admin_key() {
    return (this.made_admin_key ??= await this.create_key('test-admin', { role: 'admin' }));
  }

  async readyz() {
    const response = await fetch(`${this.url}/readyz`);
    return { code: response.status, ...(await response.json()) };
  }

  async runtime_state(name) {
    return (await this.readyz()).runtimes[name]?.state;
  }

  async until_ready(timeout_ms = 60_000) {
    await eventually(`${this.url}/readyz to answer 200`, async () => {
      if (!this.child.running) throw new Error(`it ended with ${this.child.code}\n${this.child.output}`);
      return (await fetch(`${this.url}/readyz`)).status === 200;
    }, { timeout_ms, interval_ms: 5 });
    return this;
  }

  async journal(limit = 1_000_000) {
    return journal(this.data, limit);
  }

  // The journal's record of the response that carried `id`.
  async record(id) {
    return eventually(`record ${id}`, async () => (await this.journal()).find((record) => record.id === id));
  }

  write_config(config) {
    write_config(this.config_file, config);
  }

  async reload() {
    return fetch(`${this.url}/api/v1/config/reload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await this.admin_key()}` },
    });
  }

  workers() {
    return children_of(this.child.pid);
  }

  async stop() {
    await this.child.stop();
  }
}

export async function create_key(data, name, { role } = {}) {
  const args = ['key', 'create', '--name', name, '--data', data, '--quiet'];
  return (await forebay_ok(role ? [...args, '--role', role] : args)).trim();
}

// Records, as `journal list` prints them.
export async function journal(data, limit = 1_000_000) {
  const text = await forebay_ok(['journal', 'list', '--data', data, '--json', '--limit', String(limit)]);
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

export async function verify_journal(data) {
  return forebay(['journal', 'verify', '--data', data]);
}

// JSON is YAML: a configuration may be given as an object, or as text where the place of a fault matters.
export function write_config(file, config) {
  writeFileSync(file, typeof config === 'string' ? config : `${JSON.stringify(config, null, 2)}\n`);
}

// Starts `serve` on a port that the kernel picks and waits until it listens (not until it is ready).
// `wrapper`: a command in front, such as taskset.
export async function start_serve(scope, { config, folder = temporary_folder(), env = {}, wrapper = [] }) {
  const config_file = join(folder, 'forebay.yaml');
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  const whole = typeof config === 'string' ? config : { listen: '127.0.0.1:0', ...config };
  write_config(config_file, whole);
  const [command, ...args] = [...wrapper, forebay_bin, 'serve', '--config', config_file, '--data', data];
  const child = new Child(command, args, { env: { ...process.env, ...env } });
  scope?.after(async () => child.stop());
  const [, url] = await child.says(/listening on (https?:\/\/\S+)/);
  return new Server(child, { url, data, config_file });
}

// Starts `worker` and waits until its model is loaded.
export async function start_worker(scope, { model = tiny_model(), name = 'tiny', key, flags = {} } = {}) {
  const args = ['worker', '--model', model, '--listen', '127.0.0.1:0', '--name', name];
  for (const [flag, value] of Object.entries(flags)) args.push(`--${flag}`, String(value));
  const env = { ...process.env };
  delete env.FOREBAY_WORKER_KEY;
  if (key) env.FOREBAY_WORKER_KEY = key;
  const child = new Child(forebay_bin, args, { env });
  scope?.after(async () => child.stop());
  const [, url] = await child.says(/listening on (https?:\/\/\S+)/);
  await eventually(`${url}/readyz to answer 200`, async () => {
    if (!child.running) throw new Error(`it ended with ${child.code}\n${child.output}`);
    return (await fetch(`${url}/readyz`)).status === 200;
  });
  return { child, url };
}

function read_or_empty(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it ended between the listing and the reading
  }
}

// Every living process as {pid, parent, state, command}.
export function processes() {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => {
      const stat = read_or_empty(`/proc/${entry}/stat`);
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = read_or_empty(`/proc/${entry}/cmdline`).replaceAll('\0', ' ').trim();
      return { pid: Number(entry), parent: Number(parent), state, command };
    })
    .filter(({ state }) => state && state !== 'Z');
}

export function children_of(pid) {
  return processes().filter(({ parent }) => parent === pid);
}

export function alive(pid) {
  return processes().some((one) => one.pid === pid);
}

// Resident memory in bytes.
export function resident_bytes(pid) {
  const [, kib] = read_or_empty(`/proc/${pid}/status`).match(/VmRSS:\s+(\d+) kB/) ?? [];
  return Number(kib) * 1024;
}

// A gateway over `upstream` alone, with the model "fake"; `config` adds sections or replaces them.
export async function serve_over(scope, upstream, config = {}, options = {}) {
  const server = await start_serve(scope, {
    config: {
      server: { drain_timeout: '5s' },
      providers: { fake: { kind: 'openai', base_url: upstream.base_url } },
      models: { fake: { targets: [{ provider: 'fake', model: 'fake' }] } },
      ...config,
    },
    ...options,
  });
  return server.until_ready();
}

// POST /v1/chat/completions; `body` is added to a plain question to `model`.
export async function chat(server, { key, model = 'fake', signal, ...body } = {}) {
  return fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key ?? (await server.key())}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello.' }], ...body }),
    signal,
  });
}
