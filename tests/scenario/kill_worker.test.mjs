// kill -9 of a worker, and of the gateway above it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../support/eventually.mjs';
import { alive, chat, random_model, start_serve, tiny_model } from '../support/forebay.mjs';
import { assert_broken_stream, assert_error_object, chat_completion } from '../support/shapes.mjs';
import { start_upstream } from '../support/upstream.mjs';

async function start(scope) {
  const upstream = await start_upstream(scope);
  const server = await start_serve(scope, {
    config: {
      server: { drain_timeout: '2s' },
      providers: { fake: { kind: 'openai', base_url: upstream.base_url } },
      runtimes: {
        random: { model: random_model(), slots: 4, context_tokens: 131072, threads: 1 },
        tiny: { model: tiny_model(), slots: 1, context_tokens: 512, threads: 1 },
      },
      models: {
        fake: { targets: [{ provider: 'fake' }] },
        random: { targets: [{ runtime: 'random' }] },
        tiny: { targets: [{ runtime: 'tiny' }] },
      },
    },
  });
  return server.until_ready();
}

function worker_of(server, model) {
  const found = server.workers().filter(({ command }) => command.includes(`${model}.gguf`));
  assert.equal(found.length, 1, `${found.length} workers for ${model}`);
  return found[0];
}

// Reads a stream until its second event and returns what is left of it.
async function begun(response) {
  assert.equal(response.status, 200);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (text.split('\n\n').length < 4) {
    const { value, done } = await reader.read();
    assert.ok(!done, `the stream ended early: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
  return async () => {
    for (;;) {
      const { value, done } = await reader.read().catch(() => ({ done: true }));
      if (done) return text;
      text += decoder.decode(value, { stream: true });
    }
  };
}

const endless = { model: 'random', temperature: 0 };

test('a killed worker fails its own calls, comes back, and nothing else notices', async (t) => {
  const server = await start(t);
  const rest_of_stream = (await begun(await chat(server, { ...endless, stream: true })))();
  const whole = chat(server, endless); // in one piece, under way when the worker dies
  const tiny_worker = worker_of(server, 'tiny');
  const { pid } = worker_of(server, 'random');

  process.kill(pid, 'SIGKILL');

  const states = new Set();
  await eventually('the runtime to be ready again', async () => {
    const { runtimes } = await server.readyz();
    states.add(runtimes.random.state);
    assert.equal(runtimes.tiny.state, 'ready');
    return states.has('restarting') && runtimes.random.state === 'ready';
  }, { interval_ms: 2, timeout_ms: 60_000 });

  assert_broken_stream(await rest_of_stream);
  const failed = await whole;
  assert.ok([502, 503].includes(failed.status), `status ${failed.status}`);
  assert_error_object(await failed.json());
  const record = await server.record(failed.headers.get('x-request-id'));
  assert.equal(record.outcome, 'upstream_error');

  assert.equal(worker_of(server, 'tiny').pid, tiny_worker.pid, 'the other worker was left alone');
  assert.notEqual(worker_of(server, 'random').pid, pid);
  const next = await chat(server, { ...endless, max_tokens: 3 });
  assert.equal(next.status, 200);
  assert.equal((await next.json()).usage.completion_tokens, 3);
});

test('while a worker is down its calls are refused at once and other targets answer', async (t) => {
  const server = await start(t);
  process.kill(worker_of(server, 'random').pid, 'SIGKILL');
  await eventually('the death to be noticed', async () => (await server.runtime_state('random')) !== 'ready', { interval_ms: 2 });

  const refused = await chat(server, endless);
  const answered = await chat(server, { model: 'fake' });

  // It may have come back in between; then the call succeeds or is under way.
  if (refused.status !== 200) {
    assert.ok([502, 503].includes(refused.status), `status ${refused.status}`);
    assert_error_object(await refused.json());
  }
  assert.deepEqual(await answered.json(), chat_completion());
  await server.until_ready();
});

test('a worker that keeps dying does not take the gateway along', async (t) => {
  const server = await start(t);
  for (let round = 0; round < 3; ++round) {
    const [worker] = await eventually('a worker to kill', () => {
      const found = server.workers().filter(({ command }) => command.includes('random.gguf'));
      return found.length > 0 && found;
    });
    process.kill(worker.pid, 'SIGKILL');
    await eventually('its end', () => !alive(worker.pid));
    assert.equal((await chat(server, { model: 'fake' })).status, 200);
  }
  await eventually('the runtime to be ready again', async () => (await server.runtime_state('random')) === 'ready', { timeout_ms: 60_000 });
});

test('no worker outlives a killed gateway', async (t) => {
  const server = await start(t);
  const workers = server.workers().map(({ pid }) => pid);
  assert.equal(workers.length, 2);
  await begun(await chat(server, { ...endless, stream: true }));

  await server.child.kill();

  await eventually('the workers to end', () => workers.every((pid) => !alive(pid)));
});

test('no worker outlives a gateway that was stopped', async (t) => {
  const server = await start(t);
  const workers = server.workers().map(({ pid }) => pid);
  assert.equal(workers.length, 2);

  await server.stop();

  assert.deepEqual(workers.filter(alive), []);
});
