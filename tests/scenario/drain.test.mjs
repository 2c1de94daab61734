// SIGTERM: calls under way are finished, new ones are turned away, and the end is a good one.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually, within } from '../support/eventually.mjs';
import { chat, serve_over } from '../support/forebay.mjs';
import { assert_broken_stream, assert_chat_stream, chat_chunks, sse_data, text_as_far_as_it_came } from '../support/shapes.mjs';
import { begin_stream, start_upstream } from '../support/upstream.mjs';

const events = chat_chunks(['one', ' two']).map((one) => `data: ${JSON.stringify(one)}\n\n`);

// A provider that sends the first event of the next call and keeps the rest until finish(). Calls after that one are
// answered whole: a call that slips in before the signal is seen must not be held as well.
function held_stream(upstream) {
  const held = {};
  const respond = upstream.respond;
  upstream.respond = (_, response) => {
    upstream.respond = respond;
    begin_stream(response);
    response.write(events[0]);
    held.finish = () => response.end(`${events.slice(1).join('')}data: [DONE]\n\n`);
  };
  return held;
}

async function turned_away(call) {
  let response;
  try {
    response = await call();
  } catch (error) {
    return /ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET/.test(String(error.cause?.code)) && 'refused';
  }
  await response.text();
  if (response.status !== 503) return false;
  return response;
}

test('a stream under way is finished, new calls are turned away, and the exit code is 0', async (t) => {
  const upstream = await start_upstream(t);
  const server = await serve_over(t, upstream, { server: { drain_timeout: '60s' } });
  const held = held_stream(upstream);
  const key = await server.key();
  const stream = await chat(server, { stream: true });
  assert.equal(stream.status, 200);

  server.child.signal_with('SIGTERM');
  const refusal = await eventually('new calls to be turned away', () => turned_away(() => chat(server, { key })));
  const readiness = await turned_away(() => fetch(`${server.url}/readyz`));

  if (refusal !== 'refused') assert.ok(refusal.headers.get('retry-after'), 'a refusal says when to come back');
  assert.ok(readiness, '/readyz is 503 or unreachable while draining');
  assert.ok(server.child.running, 'it waits for the stream');
  held.finish();
  const data = sse_data(await stream.text());
  assert.equal(data.pop(), '[DONE]');
  assert.equal(assert_chat_stream(data.map((one) => JSON.parse(one))).text, 'one two');
  await within(30_000, 'the end', server.child.closed);
  assert.equal(server.child.code, 0, server.child.output);
  const [record] = await server.journal();
  assert.equal(record.outcome, 'ok');
});

test('a stream that outlasts the drain timeout ends with an error event, and the exit code is 0', async (t) => {
  const upstream = await start_upstream(t);
  const server = await serve_over(t, upstream, { server: { drain_timeout: '300ms' } });
  held_stream(upstream);
  const stream = await chat(server, { stream: true });

  server.child.signal_with('SIGTERM');

  assert_broken_stream(await text_as_far_as_it_came(stream));
  await within(30_000, 'the end', server.child.closed);
  assert.equal(server.child.code, 0, server.child.output);
  const [record] = await server.journal();
  assert.equal(record.outcome, 'shutdown');
});

test('an idle server ends at once, with open connections too', async (t) => {
  const server = await serve_over(t, await start_upstream(t), { server: { drain_timeout: '60s' } });
  await (await chat(server)).text(); // the connection is kept alive

  const started = Date.now();
  await server.stop();

  assert.ok(Date.now() - started < 10_000, `it took ${Date.now() - started} ms`);
});

test('SIGINT is a good end too', async (t) => {
  const server = await serve_over(t, await start_upstream(t));

  server.child.signal_with('SIGINT');

  await within(30_000, 'the end', server.child.closed);
  assert.equal(server.child.code, 0, server.child.output);
});
