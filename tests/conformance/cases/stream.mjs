// POST /v1/chat/completions with streaming.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../../support/eventually.mjs';
import { assert_chat_stream } from '../../support/shapes.mjs';
import { ask, assert_chat_logprobs, middle_word, plain } from './chat.mjs';

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

export function stream_cases(backend, traits) {
  const stream_of = async (more = {}) =>
    collect(await backend.client.chat.completions.create({ ...plain(backend), stream: true, ...more }));
  const whole = async (more = {}) => backend.client.chat.completions.create({ ...plain(backend), ...more });

  test('a stream has one id, starts with the role and ends with the reason', async () => {
    const chunks = await stream_of();

    const { text } = assert_chat_stream(chunks);
    assert.ok(text.length > 0);
  });

  test('a stream says what the whole answer says', async () => {
    const { text, finish_reason } = assert_chat_stream(await stream_of());
    const completion = await whole();

    assert.equal(text, completion.choices[0].message.content);
    assert.equal(finish_reason, completion.choices[0].finish_reason);
  });

  test('usage comes in one last chunk without choices when it is asked for', async () => {
    const chunks = await stream_of({ stream_options: { include_usage: true } });

    const { usage } = assert_chat_stream(chunks, { usage_asked: true });
    assert.deepEqual(usage, (await whole()).usage);
  });

  test('no chunk is without choices when usage is not asked for', async () => {
    const not_asked = [await stream_of(), await stream_of({ stream_options: { include_usage: false } })];

    for (const chunks of not_asked) assert_chat_stream(chunks);
  });

  test('the framing is server-sent events with [DONE] last and nothing cached', async () => {
    const response = await fetch(`${backend.base_url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${backend.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...plain(backend), stream: true }),
    });
    const text = await response.text();

    assert.match(response.headers.get('content-type'), /^text\/event-stream/);
    assert.match(response.headers.get('cache-control') ?? '', /no-cache/);
    assert.ok(response.headers.get('x-request-id'));
    assert.ok(text.endsWith('data: [DONE]\n\n'), JSON.stringify(text.slice(-100)));
    assert.equal(text.match(/\[DONE\]/g).length, 1);
    for (const line of text.split('\n')) {
      assert.match(line, /^(data: .*|:.*|)$/, 'a line is data, a comment or empty');
    }
  });

  test('max_tokens ends a stream with length', async () => {
    assert.equal(assert_chat_stream(await stream_of({ max_tokens: 3 })).finish_reason, 'length');
  });

  test('no part of a stop sequence is streamed', async () => {
    const text = (await whole()).choices[0].message.content;
    const stop = middle_word(text);

    const streamed = assert_chat_stream(await stream_of({ stop }));

    assert.equal(streamed.text, text.slice(0, text.indexOf(stop)));
    assert.equal(streamed.finish_reason, 'stop');
  });

  test('logprobs are streamed with the text they belong to', async () => {
    const chunks = await stream_of({ max_tokens: 4, logprobs: true, top_logprobs: 2 });

    const { text } = assert_chat_stream(chunks);
    const content = chunks.flatMap((chunk) => chunk.choices[0].logprobs?.content ?? []);
    assert_chat_logprobs({ content }, 2);
    assert.equal(content.map((one) => one.token).join(''), text);
  });

  test("the client's own accumulator makes the whole answer from the chunks", async () => {
    const runner = backend.client.chat.completions.stream({
      ...plain(backend),
      stream_options: { include_usage: true },
    });

    const final = await runner.finalChatCompletion();

    assert.equal(final.choices[0].message.content, (await whole()).choices[0].message.content);
    assert.ok(final.usage.completion_tokens > 0);
  });

  abort_cases(backend, traits);
}

function abort_cases(backend, traits) {
  // Speaks until it is stopped: greedy decoding of random weights, or a recording that stays open.
  const endless = () => ({
    model: backend.long_model,
    messages: [{ role: 'user', content: 'Tell me a very long story.' }],
    temperature: 0,
    stream: true,
  });
  const long_client = () => backend.new_client(backend.long_base_url ? { baseURL: backend.long_base_url } : {});

  async function abort_after(count) {
    const { data: stream, response } = await long_client().chat.completions.create(endless()).withResponse();
    let seen = 0;
    for await (const _ of stream) {
      if (++seen === count) break; // leaving the loop aborts the request
    }
    assert.equal(seen, count, 'the stream ended before it was aborted');
    return response.headers.get('x-request-id');
  }

  test('a stream that the client leaves is not carried on', async () => {
    const id = await abort_after(3);

    if (!traits.gateway) return;
    const record = await backend.server.record(id);
    assert.equal(record.outcome, 'client_closed');
    assert.equal(record.stream, true);
    if (traits.generates) return;
    await eventually('the upstream call to be cancelled', () => backend.upstream.open_responses.size === 0);
  });

  if (!traits.generates) return;
  test('the slot of a stream that the client left serves the next call', async () => {
    for (let round = 0; round < 3; ++round) await abort_after(2);

    // One slot: this call waits until the slot is free.
    const completion = await long_client().chat.completions.create({
      model: backend.long_model,
      messages: ask,
      max_tokens: 2,
    });

    assert.equal(completion.usage.completion_tokens, 2);
  });
}
