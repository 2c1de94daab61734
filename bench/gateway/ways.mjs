// The three ways to the same upstream: nginx as the upstream itself, nginx as a proxy, forebay.
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Child } from '../../tests/support/child.mjs';
import { eventually, temporary_folder } from '../../tests/support/eventually.mjs';
import { children_of, create_key, resident_bytes, start_serve } from '../../tests/support/forebay.mjs';
import { chat_chunks, chat_completion } from '../../tests/support/shapes.mjs';
import { closed_port } from '../../tests/support/upstream.mjs';

export const stream_chunks = 50;

// Runs `command` on the given cores when pinning is asked for.
function pinned(cores, command, args) {
  return cores ? ['taskset', ['-c', cores, command, ...args]] : [command, args];
}

async function start_nginx(scope, { workers, cores, http }) {
  const folder = temporary_folder('forebay-bench-nginx');
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'html'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off;
${process.getuid() === 0 ? 'user root;' : ''}
worker_processes ${workers};
pid nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 100000000;
  ${temporary.join('\n  ')}
${http(folder)}
}
`,
  );
  const [command, args] = pinned(cores, 'nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')]);
  const child = new Child(command, args);
  scope.after(() => child.stop());
  return child;
}

async function until_answers(child, url) {
  await eventually(`${url} to answer`, async () => {
    if (!child.running) throw new Error(child.output);
    const response = await fetch(url, { method: 'POST', body: '{}' });
    await response.arrayBuffer();
    return response.status !== 0;
  });
}

function whole_answer() {
  const text = JSON.stringify(chat_completion());
  if (text.includes("'")) throw new Error('the answer must not need quoting in the configuration of nginx');
  return text;
}

function stream_answer() {
  const words = Array.from({ length: stream_chunks - 2 }, (_, index) => ` word${index}`);
  const events = chat_chunks(words, { wants_usage: true });
  return [...events.map((event) => JSON.stringify(event)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('');
}

// `stream`: whether it answers with fifty events or with one completion.
export async function start_instant_upstream(scope, { stream, cores }) {
  const port = await closed_port();
  // nginx refuses POST to a file with 405; error_page turns that into the file itself.
  const answer = stream
    ? "types {} default_type 'text/event-stream'; error_page 405 =200 /stream; " +
      'location /v1/ { rewrite ^ /stream last; } location = /stream {}'
    : `location / { default_type application/json; return 200 '${whole_answer()}'; }`;
  const child = await start_nginx(scope, {
    workers: 1,
    cores,
    http: (folder) => {
      writeFileSync(join(folder, 'html', 'stream'), stream_answer());
      return `  server { listen 127.0.0.1:${port}; root html; ${answer} }`;
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await until_answers(child, `${url}/v1/chat/completions`);
  return { name: 'direct', url, key: 'unused', resident: () => resident_of_tree(child.pid) };
}

export async function start_nginx_proxy(scope, { upstream, threads, cores }) {
  const port = await closed_port();
  const child = await start_nginx(scope, {
    workers: threads,
    cores,
    http: () => `  upstream instant { server ${new URL(upstream.url).host}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} reuseport;
    location / {
      proxy_pass http://instant;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering on;
      client_body_buffer_size 64k;
    }
  }`,
  });
  const url = `http://127.0.0.1:${port}`;
  await until_answers(child, `${url}/v1/chat/completions`);
  return { name: 'nginx', url, key: 'unused', resident: () => resident_of_tree(child.pid) };
}

function folder_bytes(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).reduce((sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0);
}

export async function start_forebay(scope, { upstream, threads, cores }) {
  const server = await start_serve(scope, {
    config: {
      server: { threads },
      log: { level: 'warning' },
      providers: { instant: { kind: 'openai', base_url: `${upstream.url}/v1` } },
      models: { bench: { targets: [{ provider: 'instant', model: 'bench' }] } },
    },
    ...(cores ? { wrapper: ['taskset', '-c', cores] } : {}),
  });
  await server.until_ready();
  return {
    name: 'forebay',
    url: server.url,
    key: await create_key(server.data, 'bench'),
    resident: () => resident_of_tree(server.child.pid),
    journal_bytes: () => folder_bytes(join(server.data, 'journal')),
  };
}

function resident_of_tree(pid) {
  return children_of(pid).reduce((sum, child) => sum + resident_of_tree(child.pid), resident_bytes(pid));
}

// Milliseconds from the start of the process to the first 200 of /readyz, `count` times.
export async function measure_starts(upstream, count) {
  const times = [];
  for (let i = 0; i < count; ++i) {
    const started = performance.now();
    const server = await start_serve(undefined, {
      config: {
        providers: { instant: { kind: 'openai', base_url: `${upstream.url}/v1` } },
        models: { bench: { targets: [{ provider: 'instant' }] } },
      },
    });
    await server.until_ready();
    times.push(performance.now() - started);
    await server.stop();
  }
  return times;
}

export function cpu_model() {
  return readFileSync('/proc/cpuinfo', 'utf8').match(/model name\s*:\s*(.*)/)?.[1] ?? 'unknown';
}
