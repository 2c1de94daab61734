// What a call through the gateway costs, beside nginx's proxy_pass, in one run. README.md says how.
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { run } from '../../tests/support/child.mjs';
import { Scope } from '../../tests/support/eventually.mjs';
import {
  cpu_model,
  measure_starts,
  start_forebay,
  start_instant_upstream,
  start_nginx_proxy,
  stream_chunks,
} from './ways.mjs';

const help = `node bench/gateway/run.mjs [options]

  --rounds N       rounds of each measurement (5)
  --seconds N      length of one measurement (3)
  --threads N      worker processes of nginx, I/O threads of forebay (the number of cores)
  --pin            upstream on the last core, the gateway on the others, wrk anywhere
  --no-stream      leave the streamed variant away
  --smoke          one round of one second
  --json           the figures as JSON on stdout, the table on stderr
  --help           this text

Environment: FOREBAY_BIN names another binary.`;

const folder = dirname(fileURLToPath(import.meta.url));
const throughput_connections = 64;
const latency_connections = [1, 16];

function options_of(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      threads: { type: 'string', default: String(cpus().length) },
      pin: { type: 'boolean', default: false },
      'no-stream': { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const count = cpus().length;
  return {
    rounds: Number(values.rounds ?? (values.smoke ? 1 : 5)),
    seconds: Number(values.seconds ?? (values.smoke ? 1 : 3)),
    threads: Number(values.threads),
    gateway_cores: values.pin ? (count > 2 ? `0-${count - 2}` : '0') : undefined,
    upstream_cores: values.pin ? String(count - 1) : undefined,
    stream: !values['no-stream'],
    json: values.json,
    help: values.help,
  };
}

const middle = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

// About one kilobyte, like a short conversation.
function body_of({ stream }) {
  const content = 'Please summarise the following text in one sentence. '.repeat(16);
  const messages = [{ role: 'system', content: 'You are brief.' }, { role: 'user', content }];
  const wish = stream ? { stream: true, stream_options: { include_usage: true } } : {};
  return JSON.stringify({ model: 'bench', messages, temperature: 0.2, ...wish });
}

async function check_answer(way, body, expected) {
  const response = await fetch(`${way.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${way.key}`, 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${way.name} answered ${response.status}: ${text}`);
  if (expected !== undefined && text !== expected) throw new Error(`${way.name} answered something else: ${text.slice(0, 500)}`);
  return text;
}

async function measure(way, { body, connections, seconds }) {
  const child = await run(
    'wrk',
    ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', join(folder, 'post.lua'), `${way.url}/v1/chat/completions`],
    { env: { ...process.env, BENCH_BODY: body, BENCH_KEY: way.key } },
  );
  const line = child.stdout.match(/^\{"requests".*\}$/m);
  if (child.code !== 0 || !line) throw new Error(`wrk failed against ${way.name}\n${child.output}`);
  const figures = JSON.parse(line[0]);
  if (figures.failures > 0) throw new Error(`${way.name}: ${figures.failures} calls failed\n${child.output}`);
  return { ...figures, per_second: figures.requests / figures.seconds };
}

// {way name: [figures of each round]}, the order turned round each time.
async function alternate(ways, options, rounds) {
  const all = Object.fromEntries(ways.map(({ name }) => [name, []]));
  for (const way of ways) await measure(way, { ...options, seconds: 1 }); // warm up
  for (let round = 0; round < rounds; ++round) {
    const order = round % 2 === 0 ? ways : [...ways].reverse();
    for (const way of order) all[way.name].push(await measure(way, options));
  }
  return all;
}

const medians = (all, figure) =>
  Object.fromEntries(Object.entries(all).map(([name, figures]) => [name, middle(figures.map((one) => one[figure]))]));

async function start_ways(scope, options, stream) {
  const upstream = await start_instant_upstream(scope, { stream, cores: options.upstream_cores });
  const common = { upstream, threads: options.threads, cores: options.gateway_cores };
  return [upstream, await start_nginx_proxy(scope, common), await start_forebay(scope, common)];
}

async function measure_whole(options) {
  const scope = new Scope();
  try {
    const ways = await start_ways(scope, options, false);
    const [upstream, nginx, forebay] = ways;
    const body = body_of({ stream: false });
    const expected = await check_answer(upstream, body);
    for (const way of [nginx, forebay]) await check_answer(way, body, expected);
    const result = {
      request_bytes: body.length,
      response_bytes: expected.length,
      start_ms: middle(await measure_starts(upstream, 5)),
      resident_idle_bytes: forebay.resident(),
    };

    const before = forebay.journal_bytes();
    const all = await alternate(ways, { body, connections: throughput_connections, seconds: options.seconds }, options.rounds);
    const calls = all.forebay.reduce((sum, one) => sum + one.requests, 0);
    result.throughput = medians(all, 'per_second');
    result.throughput_ratio = result.throughput.forebay / result.throughput.nginx;
    result.journal_bytes_per_call = (forebay.journal_bytes() - before) / calls;
    if (result.journal_bytes_per_call < 100) throw new Error('the journal did not grow with the calls');

    result.added = {};
    for (const connections of latency_connections) {
      const latency = await alternate(ways, { body, connections, seconds: options.seconds }, options.rounds);
      for (const point of ['p50_us', 'p99_us']) {
        const { direct, nginx: through_nginx, forebay: through_forebay } = medians(latency, point);
        result.added[`${point} at ${connections}`] = { direct, nginx: through_nginx - direct, forebay: through_forebay - direct };
      }
    }
    result.resident_loaded_bytes = { nginx: nginx.resident(), forebay: forebay.resident() };
    return result;
  } finally {
    await scope.close();
  }
}

async function measure_streamed(options) {
  const scope = new Scope();
  try {
    const ways = await start_ways(scope, options, true);
    const body = body_of({ stream: true });
    const expected = await check_answer(ways[0], body);
    for (const way of ways.slice(1)) await check_answer(way, body, expected);
    const all = await alternate(ways, { body, connections: throughput_connections, seconds: options.seconds }, options.rounds);
    const per_second = medians(all, 'per_second');
    const chunks = Object.fromEntries(Object.entries(per_second).map(([name, value]) => [name, value * stream_chunks]));
    return { chunks_per_second: chunks, ratio: chunks.forebay / chunks.nginx };
  } finally {
    await scope.close();
  }
}

async function machine() {
  const git = await run('git', ['-C', folder, 'describe', '--always', '--dirty']);
  const version = async (command, args) => {
    const child = await run(command, args);
    return (child.stdout + child.stderr).trim().split('\n')[0];
  };
  return {
    date: new Date().toISOString(),
    commit: git.stdout.trim(),
    cpu: cpu_model(),
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    nginx: await version('nginx', ['-v']),
    wrk: (await version('wrk', ['-v'])).split(' Copyright')[0],
  };
}

const count = (value) => Math.round(value).toLocaleString('en-US');
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const three = (values) => ['direct', 'nginx', 'forebay'].map((name) => count(values[name]));

function row(label, ...cells) {
  return `${label.padEnd(34)}${cells.map((cell) => String(cell).padStart(12)).join('')}`;
}

function table({ machine: where, options, whole, streamed }) {
  const lines = [
    `${where.cpu}, ${where.cores} cores, ${where.memory_gib} GiB, Linux ${where.kernel}; ${where.nginx}; ${where.wrk}`,
    `${where.date}, commit ${where.commit}; ${options.threads} threads, ${options.rounds} rounds of ${options.seconds} s` +
      (options.gateway_cores ? `, gateway on ${options.gateway_cores}, upstream on ${options.upstream_cores}` : ''),
    `request ${whole.request_bytes} bytes, response ${whole.response_bytes} bytes, keys checked, journal on`,
    '',
    row('', 'direct', 'nginx', 'forebay', 'of nginx'),
    row(`requests/s at ${throughput_connections}`, ...three(whole.throughput), whole.throughput_ratio.toFixed(2)),
  ];
  for (const [point, { direct, nginx, forebay }] of Object.entries(whole.added)) {
    const label = `added ${point.replace('_us', '')}, µs`;
    // On a busy machine a difference can come out below zero; then it says nothing.
    const factor = nginx > 0 && forebay > 0 ? (forebay / nginx).toFixed(2) : '-';
    lines.push(row(label, `(${count(direct)})`, count(nginx), count(forebay), factor));
  }
  if (streamed) {
    const label = `streamed chunks/s at ${throughput_connections}`;
    lines.push(row(label, ...three(streamed.chunks_per_second), streamed.ratio.toFixed(2)));
  }
  lines.push(
    row('resident after the load', '', mib(whole.resident_loaded_bytes.nginx), mib(whole.resident_loaded_bytes.forebay)),
    row('resident when idle', '', '', mib(whole.resident_idle_bytes)),
    row('ready after, ms', '', '', whole.start_ms.toFixed(0)),
    row('journal bytes per call', '', '', count(whole.journal_bytes_per_call)),
  );
  return lines.join('\n');
}

const options = options_of(process.argv.slice(2));
if (options.help) {
  console.log(help);
} else {
  const report = { machine: await machine(), options, whole: await measure_whole(options) };
  if (options.stream) report.streamed = await measure_streamed(options);
  if (options.json) {
    console.error(table(report));
    console.log(JSON.stringify(report, null, 2));
  } else {
    console.log(table(report));
  }
}
