// How fast a gateway without runtimes is ready, how much memory it takes, and what stops a start.
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { patience, temporary_folder } from '../support/eventually.mjs';
import { chat, forebay, resident_bytes, serve_over, verify_journal } from '../support/forebay.mjs';
import { closed_port, start_upstream } from '../support/upstream.mjs';

const ready_ms_max = 300;
const resident_mib_max = 50;

// A sanitizer build shows its figures and is not held to them.
const held_to_figures = patience === 1;

test('a gateway is ready in 0.3 s and takes less than 50 MB', async (t) => {
  const upstream = await start_upstream(t);
  const times = [];
  const sizes = [];
  for (let round = 0; round < 5; ++round) {
    const started = performance.now();
    const server = await serve_over(t, upstream);
    times.push(performance.now() - started);
    for (let call = 0; call < 50; ++call) assert.equal((await chat(server)).status, 200);
    sizes.push(resident_bytes(server.child.pid) / 1024 / 1024);
    await server.stop();
  }
  const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  console.log(`# ready after ${middle(times).toFixed(0)} ms, resident ${middle(sizes).toFixed(1)} MiB after 50 calls (medians of 5)`);
  if (!held_to_figures) return;
  assert.ok(middle(times) < ready_ms_max, `ready after ${times.map(Math.round)} ms`);
  assert.ok(middle(sizes) < resident_mib_max, `resident ${sizes.map(Math.round)} MiB`);
});

async function failed_start(config, { data = join(temporary_folder(), 'data') } = {}) {
  const file = join(temporary_folder(), 'forebay.yaml');
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
  return forebay(['serve', '--config', file, '--data', data]);
}

test('a port in use stops the start with one sentence that names it', async (t) => {
  const server = await serve_over(t, await start_upstream(t));

  const child = await failed_start({ listen: `127.0.0.1:${server.port}` });

  assert.equal(child.code, 1, child.output);
  assert.match(child.stderr, new RegExp(`${server.port}.*in use|in use.*${server.port}`));
});

test('a data folder in use stops the start', async (t) => {
  const server = await serve_over(t, await start_upstream(t));

  const child = await failed_start({ listen: '127.0.0.1:0' }, { data: server.data });

  assert.equal(child.code, 1, child.output);
  assert.ok(child.stderr.includes(server.data), child.output);
  assert.equal((await chat(server)).status, 200, 'the first one serves on');
});

test('a bad configuration stops the start with every fault and its place', async () => {
  const text = 'listen: 127.0.0.1:0\nmodles: {}\nserver: { threads: many }\n';

  const child = await failed_start(text);

  assert.equal(child.code, 2, child.output);
  assert.match(child.stderr, /forebay\.yaml:2:1:.*models/);
  assert.match(child.stderr, /forebay\.yaml:3:\d+:/);
});

test('a missing configuration is bad usage', async () => {
  const child = await forebay(['serve', '--config', join(temporary_folder(), 'none.yaml'), '--data', temporary_folder()]);
  assert.equal(child.code, 2, child.output);
  assert.match(child.stderr, /none\.yaml/);
});

test('ports picked by the kernel differ', async (t) => {
  const upstream = await start_upstream(t);
  const [one, two] = await Promise.all([serve_over(t, upstream), serve_over(t, upstream)]);
  assert.notEqual(one.port, two.port);
  assert.notEqual(await closed_port(), one.port);
});

function last_segment(data) {
  const files = readdirSync(join(data, 'journal')).filter((name) => name !== 'lock' && !name.startsWith('.'));
  return join(data, 'journal', files.sort().filter((name) => readFileSync(join(data, 'journal', name)).length > 0).at(-1));
}

test('a torn tail is cut at the start and reported, and the records before it stay', async (t) => {
  const upstream = await start_upstream(t);
  const folder = temporary_folder();
  const first = await serve_over(t, upstream, {}, { folder });
  for (let call = 0; call < 3; ++call) await (await chat(first)).text();
  const before = await first.journal();
  await first.stop();
  appendFileSync(last_segment(first.data), Buffer.from('half a record'));

  const second = await serve_over(t, upstream, {}, { folder });
  second.made_key = await first.key();

  assert.match(second.child.output, /torn|cut/i);
  assert.deepEqual((await second.journal()).map(({ id }) => id), before.map(({ id }) => id));
  assert.equal((await chat(second)).status, 200);
  assert.equal((await second.journal()).length, before.length + 1);
  assert.equal((await verify_journal(second.data)).code, 0);
});

test('a flipped bit in a record is found by journal verify', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  for (let call = 0; call < 3; ++call) await (await chat(server)).text();
  await server.stop();
  assert.equal((await verify_journal(server.data)).code, 0);
  const file = last_segment(server.data);
  const bytes = readFileSync(file);
  bytes[Math.floor(bytes.length / 2)] ^= 1;
  writeFileSync(file, bytes);

  const verified = await verify_journal(server.data);

  assert.equal(verified.code, 1, verified.output);
  assert.match(verified.output, /checksum/i);
});
