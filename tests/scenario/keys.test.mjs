// Keys made, listed and revoked by the command line while the server runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { chat, forebay, serve_over } from '../support/forebay.mjs';
import { start_upstream } from '../support/upstream.mjs';

test('a key works from the next call after it is made and fails from the next call after it is revoked', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  for (let round = 0; round < 10; ++round) {
    const key = await server.create_key(`round-${round}`);
    assert.equal((await chat(server, { key })).status, 200, `round ${round}: made`);
    await server.revoke_key(`round-${round}`);
    // Several connections, so that each I/O thread is asked.
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await chat(server, { key })).status));
    assert.deepEqual(statuses, Array(8).fill(401), `round ${round}: revoked`);
  }
});

test('a key is revoked by its id too, and twice is an error', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  const key = await server.create_key('by-id');
  const id = key.split('-')[1];

  const revoke = () => forebay(['key', 'revoke', id, '--data', server.data]);
  assert.equal((await revoke()).code, 0);
  assert.equal((await chat(server, { key })).status, 401);
  assert.equal((await revoke()).code, 1);
  assert.equal((await forebay(['key', 'revoke', 'nobody', '--data', server.data])).code, 1);
});

test('a name is taken while its key lives, and free after it is revoked', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  await server.create_key('twin');

  const again = await forebay(['key', 'create', '--name', 'twin', '--data', server.data, '--quiet']);
  assert.equal(again.code, 1, again.output);
  assert.equal(again.stdout, '');

  await server.revoke_key('twin');
  await server.create_key('twin');
});

test('a key is printed alone, listed without its secret, and stored nowhere in the clear', async (t) => {
  const server = await serve_over(t, await start_upstream(t));
  const key = await server.create_key('shown-once');
  assert.match(key, /^fb-[0-9A-Za-z]{12}-[0-9A-Za-z]{43}$/);
  assert.equal((await chat(server, { key })).status, 200);

  const listed = await forebay(['key', 'list', '--data', server.data]);

  assert.equal(listed.code, 0);
  assert.match(listed.stdout, /shown-once/);
  const secret = key.split('-')[2];
  assert.ok(!listed.stdout.includes(secret));
  assert.ok(!server.child.output.includes(secret));
  for (const entry of readdirSync(server.data, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    assert.ok(!readFileSync(file, 'latin1').includes(secret), `the secret lies in ${file}`);
  }
});
