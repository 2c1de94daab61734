// The commands beside `serve`, as a person at a terminal uses them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { temporary_folder } from '../support/eventually.mjs';
import { chat, forebay, serve_over, start_worker } from '../support/forebay.mjs';
import { chat_chunks } from '../support/shapes.mjs';
import { send_stream, start_upstream } from '../support/upstream.mjs';

const commands = [
  [], ['serve'], ['worker'], ['chat'], ['key'], ['key', 'create'], ['key', 'list'], ['key', 'revoke'],
  ['config', 'check'], ['tokenize'], ['journal'], ['journal', 'list'], ['journal', 'show'], ['journal', 'verify'], ['doctor'],
  ['model'], ['model', 'add'], ['model', 'list'], ['model', 'show'], ['model', 'lineage'], ['model', 'label'],
  ['model', 'verify'], ['dataset'], ['dataset', 'add'], ['dataset', 'list'], ['dataset', 'show'], ['dataset', 'label'],
];

test('every command explains itself', async () => {
  for (const command of commands) {
    const child = await forebay([...command, '--help']);
    assert.equal(child.code, 0, child.output);
    assert.match(child.stdout, /usage/i, child.name);
  }
  const version = await forebay(['--version']);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /\d+\.\d+\.\d+/);
});

test('bad usage is exit code 2 with a sentence on stderr', async () => {
  for (const args of [['serv'], ['serve', '--no-such-flag'], ['key', 'create'], ['journal', 'show'], ['worker']]) {
    const child = await forebay(args);
    assert.equal(child.code, 2, child.output);
    assert.ok(child.stderr.length > 0);
    assert.equal(child.stdout, '');
  }
});

test('config check passes a good file and lists the faults of a bad one', async () => {
  const file = join(temporary_folder(), 'forebay.yaml');
  const check = () => forebay(['config', 'check', '--config', file]);
  writeFileSync(file, 'listen: 127.0.0.1:0\n');
  assert.equal((await check()).code, 0);

  writeFileSync(file, 'listen: 127.0.0.1:0\nprovidres: {}\n');
  const child = await check();
  assert.equal(child.code, 2, child.output);
  assert.match(child.output, /forebay\.yaml:2:1:.*providers/);
});

test('journal show gives one record by the id that the client got', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  const response = await chat(server);
  const id = response.headers.get('x-request-id');
  await response.text();
  await (await chat(server)).text();

  const shown = await forebay(['journal', 'show', id, '--data', server.data, '--json']);

  assert.equal(shown.code, 0, shown.output);
  assert.equal(JSON.parse(shown.stdout).id, id);
  const unknown = await forebay(['journal', 'show', 'req_none', '--data', server.data, '--json']);
  assert.equal(unknown.code, 1, unknown.output);
});

test('journal list --limit gives the newest', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  const ids = [];
  for (let call = 0; call < 5; ++call) {
    const response = await chat(server);
    ids.push(response.headers.get('x-request-id'));
    await response.text();
  }

  const listed = (await server.journal(2)).map(({ id }) => id);

  assert.deepEqual(listed.sort(), ids.slice(-2).sort());
});

test('chat streams an answer from a server to the terminal', async (t) => {
  const upstream = await start_upstream(t);
  const server = await serve_over(t, upstream);
  upstream.respond = (_, response) => send_stream(response, chat_chunks(['Good', ' morning']));
  const env = { ...process.env, FOREBAY_KEY: await server.key() };

  const child = await forebay(['chat', '--server', server.url, '--model', 'fake', 'Hello.'], { env, input: '' });

  assert.equal(child.code, 0, child.output);
  assert.match(child.stdout, /Good morning/);
});

test('doctor says what this machine has', async () => {
  const child = await forebay(['doctor', '--data', temporary_folder()]);
  assert.ok([0, 1].includes(child.code), child.output);
  assert.match(child.stdout, /cpu/i);
  assert.match(child.stdout, /memory/i);
});

test('a worker without a key answers without one and says so by answering its name', async (t) => {
  const worker = await start_worker(t, { name: 'my-model', flags: { slots: 1, 'context-tokens': 512, threads: 1 } });
  const models = await (await fetch(`${worker.url}/v1/models`)).json();
  assert.deepEqual(models.data.map(({ id }) => id), ['my-model']);
});
