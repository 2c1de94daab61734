// Waits until a server that was just started is ready, then prints where it is, a key and a first call.
//
// node scripts/announce.mjs --config FILE --listen ADDRESS --data DIR --bin FOREBAY --pid PID
// ADDRESS is empty when the configuration's counts.
//
// The key is created on the first start and kept in DIR/demo.key (mode 0600), so that a later start
// prints the same one; a key that the server no longer takes is replaced.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const text = { type: 'string' };
const { values } = parseArgs({ options: { config: text, listen: text, data: text, bin: text, pid: text } });
const key_file = join(values.data, 'demo.key');

function say(line) {
  const time = new Date().toTimeString().slice(0, 8);
  process.stderr.write(`[${time}] ${line}\n`);
}

function stop_with(line) {
  process.stderr.write(`error: ${line}\n`);
  process.exit(1);
}

// The server's own messages say why it ended; there is nothing to add.
function end_with_the_server() {
  try {
    process.kill(Number(values.pid), 0);
  } catch {
    process.exit(0);
  }
}

// The port that the server listens on, read from the kernel: another program that holds the port from
// the configuration must not be taken for it.
function listening_port() {
  const sockets = new Set();
  for (const fd of readdirSync(`/proc/${values.pid}/fd`)) {
    const inode = readlinkSync(`/proc/${values.pid}/fd/${fd}`, 'utf8').match(/^socket:\[(\d+)\]$/)?.[1];
    if (inode) sockets.add(inode);
  }
  for (const table of ['tcp', 'tcp6'].filter((name) => existsSync(`/proc/net/${name}`))) {
    for (const line of readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === '0A' && sockets.has(inode)) return parseInt(local.split(':').at(-1), 16);
    }
  }
  throw new Error('it does not listen yet');
}

// The address that a caller on this machine uses.
function base_url() {
  const config = readFileSync(values.config, 'utf8');
  const listen = values.listen || config.match(/^listen:\s*["']?([^\s"'#]+)/m)?.[1] || '';
  const host = listen.match(/^(.+):\d+$/)?.[1] ?? '127.0.0.1';
  const reachable = ['0.0.0.0', '[::]'].includes(host) ? '127.0.0.1' : host;
  return `${/^tls:/m.test(config) ? 'https' : 'http'}://${reachable}:${listening_port()}`;
}

// The server's address, once it is ready there.
async function until_ready() {
  let told = Date.now();
  for (;;) {
    end_with_the_server();
    let state;
    try {
      const url = base_url();
      const response = await fetch(`${url}/readyz`);
      if (response.ok) return url;
      state = (await response.text()).trim().slice(0, 300);
    } catch (error) {
      state = error.cause?.message ?? error.message;
    }
    if (Date.now() - told >= 10_000) {
      say(`the server is not ready yet: ${state}`);
      told = Date.now();
    }
    await pause(50);
  }
}

async function is_taken(url, key) {
  const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  return response.status !== 401;
}

function create_key(name) {
  const args = ['key', 'create', '--name', name, '--role', 'admin', '--data', values.data, '--quiet'];
  return execFileSync(values.bin, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

// Names are unique among live keys: when "demo" lives but its text is lost, the new one is dated.
function create_demo_key() {
  try {
    return create_key('demo');
  } catch {
    try {
      return create_key(`demo-${new Date().toISOString().slice(0, 19)}`);
    } catch (error) {
      return stop_with(`the server runs, but no key could be created: ${String(error.stderr ?? error).trim()}`);
    }
  }
}

async function demo_key(url) {
  if (existsSync(key_file)) {
    const kept = readFileSync(key_file, 'utf8').trim();
    if (await is_taken(url, kept)) return kept;
    say(`the key in ${key_file} is no longer valid; creating another`);
  }
  const key = create_demo_key();
  writeFileSync(key_file, `${key}\n`, { mode: 0o600 });
  return key;
}

async function first_model(url, key) {
  const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  const { data = [] } = response.ok ? await response.json() : {};
  return data[0]?.id;
}

// What to ask: first_call.json beside the configuration knows what its models are for.
function first_call() {
  const file = join(dirname(values.config), 'first_call.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  return { messages: [{ role: 'user', content: 'Once upon a time' }] };
}

async function console_line(url) {
  const response = await fetch(`${url}/`);
  return response.ok && /html/.test(response.headers.get('content-type')) ? `\n  console    ${url}/` : '';
}

const url = await until_ready();
const key = await demo_key(url);
const model = await first_model(url, key);
const body = JSON.stringify({ model, ...first_call(), max_tokens: 120, stream: true });
process.stdout.write(`
Forebay is ready.
${await console_line(url)}
  base URL   ${url}/v1
  health     ${url}/readyz
  metrics    ${url}/metrics
  key        ${key}

Try it:

  curl -N ${url}/v1/chat/completions \\
    -H 'authorization: Bearer ${key}' \\
    -H 'content-type: application/json' \\
    -d '${body}'

Ctrl-C stops it.
`);
