// Streams of a provider that break, and streams that are odd but whole. A stream that broke ends with an
// error event and no [DONE]; one that is odd comes out in the plain framing that every client reads.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { Scope, eventually, patience } from '../support/eventually.mjs';
import {
  assert_broken_stream,
  assert_chat_stream,
  assert_error_object,
  chat_chunks,
  chat_completion,
  chunk,
  delta,
  error_body,
  sse_data,
  usage,
} from '../support/shapes.mjs';
import { begin_stream, cut, send_json, send_stream, write_apart } from '../support/upstream.mjs';
import { ask_streamed, start_behind } from './behind.mjs';

const scope = new Scope();
let behind;

const answer = (body) => behind.answer(body);

const open_stream = (response) => {
  begin_stream(response);
  for (const one of chat_chunks(['Hello', ' there']).slice(0, 3)) response.write(`data: ${JSON.stringify(one)}\n\n`);
};

// Each writes the beginning of a stream and then breaks it.
const breaks = {
  'is cut': (response) => write_apart(response, []).then(() => cut(response)),
  'ends without a reason and without [DONE]': (response) => response.end(),
  'carries an event that is not JSON': (response) => response.end('data: {"id": \n\ndata: [DONE]\n\n'),
  'carries an error event': (response) =>
    response.end(`data: ${JSON.stringify(error_body('out of memory', { type: 'server_error' }))}\n\n`),
  'carries an error event and then [DONE]': (response) =>
    response.end(`data: ${JSON.stringify(error_body('out of memory', { type: 'server_error' }))}\n\ndata: [DONE]\n\n`),
};

function broken_stream_cases() {
  for (const [what, break_it] of Object.entries(breaks)) {
    test(`a stream that ${what} ends with an error event and no [DONE]`, async () => {
      behind.upstream.respond = async (_, response) => {
        open_stream(response);
        await write_apart(response, [': a pause\n\n'], 30);
        await break_it(response);
      };

      const { status, text, headers } = await answer(ask_streamed);

      assert.equal(status, 200);
      assert_broken_stream(text);
      assert.ok(text.includes('" there"'), 'what came before the fault was delivered');
      const record = await behind.server.record(headers.get('x-request-id'));
      assert.equal(record.outcome, 'upstream_error');
      assert.ok(record.error, 'the record says why');
    });
  }

  test('the client raises an APIError in the middle of a stream that is cut', async () => {
    behind.upstream.respond = async (_, response) => {
      open_stream(response);
      await write_apart(response, [': a pause\n\n'], 30);
      cut(response);
    };
    const words = [];
    const read = async () => {
      for await (const one of await behind.client().chat.completions.create(ask_streamed)) {
        words.push(one.choices[0].delta.content);
      }
    };

    await assert.rejects(read(), (error) => error.constructor.name === 'APIError');
    assert.deepEqual(words, ['', 'Hello', ' there']);
  });

  test('a client that reads slowly hears of the fault too, after all that came before it', async () => {
    behind.upstream.respond = async (_, response) => {
      open_stream(response);
      await write_apart(response, [': a pause\n\n'], 30);
      cut(response);
    };
    const words = [];
    const read = async () => {
      for await (const one of await behind.client().chat.completions.create(ask_streamed)) {
        words.push(one.choices[0].delta.content);
        await pause(150); // longer than the stream lives
      }
    };

    await assert.rejects(read(), (error) => error.constructor.name === 'APIError');
    assert.deepEqual(words, ['', 'Hello', ' there']);
  });

  test('a stream that stalls ends with an error event', async () => {
    behind.upstream.respond = (_, response) => open_stream(response);

    const { text } = await answer({ ...ask_streamed, model: 'hasty' });

    assert_broken_stream(text);
    await eventually('the call to be given up upstream', () => behind.upstream.open_responses.size === 0);
  });

  test('a stream that sends a head and then nothing is an error', async () => {
    behind.upstream.respond = (_, response) => {
      begin_stream(response);
      response.flushHeaders();
    };

    const { status, text } = await answer({ ...ask_streamed, model: 'hasty' });

    if (status === 200) assert_broken_stream(text);
    else assert_error_object(JSON.parse(text));
  });

  test('an error event before the first token is an error, whatever the status', async () => {
    behind.upstream.respond = (_, response) =>
      send_stream(response, [error_body('content filter', { code: 'content_filter' })], { done: false });
    const read = async () => {
      for await (const _ of await behind.client().chat.completions.create(ask_streamed));
    };

    await assert.rejects(read(), /content filter/);
  });

  test('a stream of no events at all is an error', async () => {
    behind.upstream.respond = (_, response) => send_stream(response, [], { done: false });

    const { status, text } = await answer(ask_streamed);

    if (status === 200) assert_broken_stream(text);
    else assert_error_object(JSON.parse(text));
  });

  test('an answer in one piece to a call that asked for a stream is not lost in silence', async () => {
    behind.upstream.respond = (_, response) => send_json(response, 200, chat_completion());
    const read = async () => {
      const chunks = [];
      for await (const one of await behind.client().chat.completions.create(ask_streamed)) chunks.push(one);
      return chunks;
    };

    const result = await read().catch((error) => error);

    if (!(result instanceof Error)) assert.ok(result.length > 0, 'the client got an empty stream and no error');
  });

  test('a body of a stated length that is cut ends with an error event', async () => {
    behind.upstream.respond = async (_, response) => {
      begin_stream(response, { 'content-length': 100_000 });
      await write_apart(response, [`data: ${JSON.stringify(delta('Hello'))}\n\n`], 30);
      cut(response);
    };
    assert_broken_stream((await answer(ask_streamed)).text);
  });
}

async function streamed(events_of, more = {}) {
  behind.upstream.respond = events_of;
  const { status, text } = await answer({ ...ask_streamed, ...more });
  assert.equal(status, 200, text);
  const data = sse_data(text);
  assert.equal(data.pop(), '[DONE]', `no [DONE]:\n${text.slice(-500)}`);
  return data.map((one) => JSON.parse(one));
}

const said = (chunks) => chunks.map((one) => one.choices[0]?.delta.content ?? '').join('');

function odd_stream_cases() {
  for (const [name, newline] of [['CRLF', '\r\n'], ['CR', '\r']]) {
    test(`${name} line ends are understood`, async () => {
      const chunks = await streamed((_, response) => send_stream(response, chat_chunks(['a', 'b']), { newline }));
      assert_chat_stream(chunks);
      assert.equal(said(chunks), 'ab');
    });
  }

  test('comments, event names, ids and a missing blank after data: are understood', async () => {
    const [first, ...rest] = chat_chunks(['a']).map((one) => JSON.stringify(one));
    const others = rest.map((one) => `data: ${one}\n\n`).join(': ping\n\n');
    const text = `: hello\n\nevent: message\nid: 7\nretry: 10\ndata:${first}\n\n${others}`;
    const chunks = await streamed((_, response) => {
      begin_stream(response);
      response.end(`${text}data: [DONE]\n\n`);
    });
    assert_chat_stream(chunks);
    assert.equal(said(chunks), 'a');
  });

  test('an event of several data lines is one event', async () => {
    const [first, second, last] = chat_chunks(['a']).map((one) => JSON.stringify(one, null, 1));
    const lines = (text) => text.split('\n').map((line) => `data: ${line}\n`).join('');
    const chunks = await streamed((_, response) => {
      begin_stream(response);
      response.end(`${lines(first)}\n${lines(second)}\n${lines(last)}\ndata: [DONE]\n\n`);
    });
    assert.equal(said(chunks), 'a');
  });

  test('events and characters split anywhere across TCP segments come out whole', async () => {
    const words = ['Größe ', '東京 ', '👩‍🚀 '];
    const bytes = Buffer.from(
      chat_chunks(words).map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`).join('') + 'data: [DONE]\r\n\r\n',
    );
    for (const size of [1, 7, 64]) {
      const pieces = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      const chunks = await streamed((_, response) => {
        begin_stream(response);
        return write_apart(response, pieces, 0).then(() => response.end());
      });
      assert_chat_stream(chunks);
      assert.equal(said(chunks), words.join(''));
    }
  });

  test('an event of one megabyte passes whole', async () => {
    const big = 'x'.repeat(1024 * 1024);
    const chunks = await streamed((_, response) => send_stream(response, chat_chunks(['a', big, 'b'])));
    assert.equal(said(chunks), `a${big}b`);
  });

  test('an event without end is refused before it fills the memory', async () => {
    behind.upstream.respond = async (_, response) => {
      begin_stream(response);
      response.write('data: {"x":"');
      const piece = 'x'.repeat(1024 * 1024);
      for (let i = 0; i < 256 && !response.destroyed; ++i) await write_apart(response, [piece], 0);
      cut(response);
    };
    const started = Date.now();
    const { status, text } = await answer(ask_streamed);
    if (status === 200) assert_broken_stream(text);
    else assert_error_object(JSON.parse(text));
    assert.ok(Date.now() - started < 5_000 * patience, `refusing it took ${Date.now() - started} ms of an I/O thread`);
  });

  test('chunks without choices, as Azure sends them, do not break a stream', async () => {
    const prompt_filter_results = [{ prompt_index: 0, content_filter_results: {} }];
    const preamble = chunk([], { id: '', created: 0, model: '', prompt_filter_results });
    const chunks = await streamed((_, response) => send_stream(response, [preamble, ...chat_chunks(['a', 'b'])]));
    assert.equal(said(chunks), 'ab');
  });

  test('usage on the last chunk with choices is counted, and shown only when asked for', async () => {
    const events = chat_chunks(['a', 'b']);
    events.at(-1).usage = usage;
    const respond = (_, response) => send_stream(response, events);

    const quiet = await streamed(respond);
    for (const one of quiet) assert.equal(one.choices.length, 1);
    const asked = await streamed(respond, { stream_options: { include_usage: true } });
    const counted = asked.map((one) => one.usage).filter(Boolean);
    assert.deepEqual(counted.at(-1).completion_tokens, usage.completion_tokens);

    const response = await behind.post(ask_streamed);
    await response.text();
    const record = await behind.server.record(response.headers.get('x-request-id'));
    assert.equal(record.usage.completion_tokens, usage.completion_tokens);
    assert.equal(record.usage.prompt_tokens, usage.prompt_tokens);
  });

  test('usage that the provider never sent is not invented as zeros', async () => {
    const respond = (_, response) => send_stream(response, chat_chunks(['a', 'b']));
    const chunks = await streamed(respond, { stream_options: { include_usage: true } });
    for (const { usage: counted } of chunks) {
      if (counted) assert.ok(counted.prompt_tokens > 0 && counted.completion_tokens > 0, JSON.stringify(counted));
    }
    assert.equal(said(chunks), 'ab');
  });

  test('usage counted up on every chunk is taken once', async () => {
    const events = chat_chunks(['a', 'b'], { wants_usage: true });
    events.forEach((one, index) => {
      if (one.choices.length > 0) one.usage = { prompt_tokens: 12, completion_tokens: index, total_tokens: 12 + index };
    });
    behind.upstream.respond = (_, response) => send_stream(response, events);
    const response = await behind.post(ask_streamed);
    await response.text();

    const record = await behind.server.record(response.headers.get('x-request-id'));

    assert.equal(record.usage.completion_tokens, usage.completion_tokens);
  });

  test('a stream that gave its reason but no [DONE] does not end in silence', async () => {
    behind.upstream.respond = (_, response) => send_stream(response, chat_chunks(['a']), { done: false });
    const { text } = await answer(ask_streamed);
    const last = sse_data(text).at(-1);
    assert.ok(last === '[DONE]' || JSON.parse(last).error, `it ended with ${last}`);
  });
}

describe('streams of a provider', () => {
  before(async () => {
    behind = await start_behind(scope);
  });
  after(() => scope.close());

  describe('that break', broken_stream_cases);
  describe('that are odd but whole', odd_stream_cases);
});
