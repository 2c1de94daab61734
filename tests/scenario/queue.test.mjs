// More calls than slots and queue: 503 with Retry-After, and whoever waited is served.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chat, random_model, start_serve, start_worker } from '../support/forebay.mjs';
import { assert_error_object } from '../support/shapes.mjs';

const room = { slots: 1, threads: 1 };

async function overflow(call) {
  const leaving = new AbortController();
  const holder = await call({ stream: true, temperature: 0, signal: leaving.signal });
  assert.equal(holder.status, 200);
  await holder.body.getReader().read(); // it has the slot

  let served;
  const calls = Array.from({ length: 4 }, () => call({ max_tokens: 2 }));
  const refusals = [];
  while (refusals.length < 3) {
    const { index, response } = await Promise.race(
      calls.map((one, at) => one && one.then((answer) => ({ index: at, response: answer }))).filter(Boolean),
    );
    calls[index] = undefined;
    refusals.push(response);
  }
  for (const response of refusals) {
    assert.equal(response.status, 503);
    assert.ok(Number(response.headers.get('retry-after')) > 0, 'when to come back');
    assert_error_object(await response.json());
  }

  leaving.abort();
  served = await calls.find(Boolean);
  assert.equal(served.status, 200);
  assert.equal((await served.json()).usage.completion_tokens, 2);
}

test('a full queue behind the gateway is a 503 that says when to come back', async (t) => {
  const server = await start_serve(t, {
    config: {
      runtimes: { random: { model: random_model(), context_tokens: 131072, queue_calls: 1, ...room } },
      models: { random: { targets: [{ runtime: 'random' }] } },
    },
  });
  await server.until_ready();
  await overflow((more) => chat(server, { model: 'random', ...more }));
});

test('a full queue of a worker alone is a 503 that says when to come back', async (t) => {
  const flags = { ...room, 'context-tokens': 131072, 'queue-calls': 1 };
  const worker = await start_worker(t, { model: random_model(), name: 'random', flags });
  await overflow(({ signal, ...more }) =>
    fetch(`${worker.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'random', messages: [{ role: 'user', content: 'Hello.' }], ...more }),
      signal,
    }),
  );
});
