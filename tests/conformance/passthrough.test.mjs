// What the gateway does not know passes through it unchanged, byte by byte where that can be seen.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Scope } from '../support/eventually.mjs';
import { chat_chunks, chat_completion, chunk, sse_data, usage } from '../support/shapes.mjs';
import { begin_stream, send_json, send_stream } from '../support/upstream.mjs';
import { ask, ask_streamed, provider_key, start_behind } from './behind.mjs';

const scope = new Scope();
let behind;

// Odd in every way that JSON allows: numbers that a double cannot hold or would print otherwise, escapes
// of plain characters, surrogate pairs, an order of keys that sorting would change, odd white space.
const odd_members = `"zebra": 1.0,"apple":1e2 ,"tiny":0.10000000000000001,
  "large":18446744073709551615, "minus": -0.0, "escaped":"\\u0041\\/\\ud83d\\ude80 \\u00e9 é",
  "nested":{"b":[1.50,{"d":null,"c":[]}],"a":{}}, "metadata":{"k":"v"}`;

// JSON sets no limit to a number; what the gateway does not read it need not understand.
const huge = '123456789012345678901234567890';

function odd_request(more = '') {
  return `{ "messages":[{"content":"\\u0048ello","role":"user","name":"a","unknown":[0.0]}],
  ${odd_members}${more},
  "model":"MODEL"}`;
}

const as = (model, text) => text.replace('MODEL', model);

describe('passing through', () => {
  before(async () => {
    behind = await start_behind(scope);
  });
  after(() => scope.close());

  describe('requests', request_cases);
  describe('responses', response_cases);
});

function request_cases() {
  const answer = (seen, response) =>
    seen.json().stream === true
      ? send_stream(response, chat_chunks(['a'], { wants_usage: true }))
      : send_json(response, 200, chat_completion());

  async function upstream_saw(text, options) {
    behind.upstream.respond = answer;
    const response = await behind.post(text, options);
    assert.equal(response.status, 200, await response.clone().text());
    await response.text();
    return behind.upstream.last;
  }

  test('a request body reaches the provider byte by byte', async () => {
    const text = as('fake', odd_request());
    assert.equal((await upstream_saw(text)).text, text);
  });

  test('a streamed request body reaches the provider byte by byte when it asks for usage itself', async () => {
    const text = as('fake', odd_request(',"stream" : true,"stream_options":{ "include_usage":true, "include_obfuscation":false}'));
    assert.equal((await upstream_saw(text)).text, text);
  });

  test('a streamed request body gains at most the wish for usage', async () => {
    const text = as('fake', odd_request(',"stream" : true'));
    const seen = (await upstream_saw(text)).text;
    const member = /"stream_options"\s*:\s*\{\s*"include_usage"\s*:\s*true\s*\}/;
    const without = [
      seen,
      seen.replace(new RegExp(`,\\s*${member.source}`), ''),
      seen.replace(new RegExp(`${member.source}\\s*,`), ''),
    ];
    assert.ok(without.includes(text), `sent\n${text}\nseen\n${seen}`);
  });

  test('another name at the provider changes the name and nothing else', async () => {
    const { text } = await upstream_saw(as('alias', odd_request()));
    assert.equal(text, as('the-real-name', odd_request()));
  });

  test('a model named in a nested object or in a text is left alone', async () => {
    const message = '{"role":"user","content":"\\"model\\":\\"alias\\""}';
    const text = `{"nested":{"model":"alias"},"tools":[{"model":"alias"}],"model":"alias","messages":[${message}]}`;
    const { text: seen } = await upstream_saw(text);
    assert.equal(seen, text.replace(',"model":"alias",', ',"model":"the-real-name",'));
  });

  test('a text completion passes through too', async () => {
    const text = as('fake', `{"prompt":[1,2,3],${odd_members},"model":"MODEL"}`);
    const seen = await upstream_saw(text, { path: '/v1/completions' });
    assert.equal(seen.text, text);
    assert.equal(seen.url, '/v1/completions');
  });

  test('an integer that 64 bits do not hold passes through', async () => {
    const text = as('alias', `{"model":"MODEL","messages":[{"role":"user","content":"Hello."}],"huge":${huge}}`);
    assert.equal((await upstream_saw(text)).text, text.replace('alias', 'the-real-name'));
  });

  test('a large body passes through', async () => {
    const text = JSON.stringify({ ...ask, messages: [{ role: 'user', content: 'é'.repeat(2 * 1024 * 1024) }] });
    assert.equal((await upstream_saw(text)).text, text);
  });

  test("the provider gets its own key and nothing of the caller's", async () => {
    behind.upstream.respond = answer;
    await behind.client({ defaultHeaders: { cookie: 'session=1' } }).chat.completions.create(ask);

    const { headers, raw_headers } = behind.upstream.last;

    assert.equal(headers.authorization, `Bearer ${provider_key}`);
    assert.equal(headers['content-type'], 'application/json');
    assert.ok(!raw_headers.join('\n').includes(behind.key), "the caller's key went to the provider");
    assert.equal(headers.cookie, undefined);
    const names = raw_headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    assert.equal(new Set(names).size, names.length, `a header was sent twice: ${names}`);
  });
}

function response_cases() {
  test('a response body reaches the client byte by byte', async () => {
    const text = `{ "id":"chatcmpl-1", "object":"chat.completion","created":1, "model":"fake-2024",
      ${odd_members}, "choices":[{"finish_reason":"stop","index":0,"logprobs":null,"extra":1.0,
      "message":{"role":"assistant","content":"h\\u0069","refusal":null,"annotations":[],"reasoning_content":"so"}}],
      "usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4,"cost":0.00010}}\n`;
    behind.upstream.respond = (_, response) => send_json(response, 200, text);

    const response = await behind.post(ask);

    assert.equal(await response.text(), text);
  });

  test('an integer that 64 bits do not hold comes back', async () => {
    const whole = JSON.stringify(chat_completion()).replace('{', `{"huge":${huge},`);
    behind.upstream.respond = (_, response) => send_json(response, 200, whole);
    assert.equal((await behind.answer(ask)).text, whole);

    const events = chat_chunks(['a']).map((one) => JSON.stringify(one).replace('{', `{"huge":${huge},`));
    behind.upstream.respond = (_, response) => send_stream(response, events);
    assert.deepEqual(sse_data((await behind.answer(ask_streamed)).text), [...events, '[DONE]']);
  });

  test('events reach the client byte by byte when usage was asked for', async () => {
    const event = (delta, more = '') =>
      `{"id":"c-1","object":"chat.completion.chunk","created":1,"model":"fake",` +
      `"choices":[{"index":0,"delta":${delta},"finish_reason":null,"odd":1.0}],"usage":null, "escaped":"\\u0041"${more}}`;
    const sent = [
      event('{"role":"assistant","content":""}'),
      event('{"content":"h\\u0069","reasoning_content":"\\ud83d\\ude80"}', ',"large":-9223372036854775808'),
      event('{}').replace('"finish_reason":null', '"finish_reason":"stop"'),
      `{"id":"c-1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[],"usage":${JSON.stringify(usage)}}`,
    ];
    behind.upstream.respond = (_, response) => send_stream(response, sent);

    const response = await behind.post({ ...ask_streamed, stream_options: { include_usage: true } });

    assert.deepEqual(sse_data(await response.text()), [...sent, '[DONE]']);
  });

  test('members that the gateway does not know stay in the events when usage was not asked for', async () => {
    const events = chat_chunks(['a'], { wants_usage: true }).map((one, index) => ({ ...one, unknown: { index, deep: [1.5] } }));
    behind.upstream.respond = (_, response) => send_stream(response, events);

    const data = sse_data(await (await behind.post(ask_streamed)).text());

    const chunks = data.slice(0, -1).map((one) => JSON.parse(one));
    assert.deepEqual(chunks.map((one) => one.unknown), [0, 1, 2].map((index) => ({ index, deep: [1.5] })));
    assert.ok(chunks.every((one) => one.choices.length === 1), 'the usage chunk was not asked for');
  });

  test('several choices stay interleaved as they came', async () => {
    const piece = (index, content) => chunk([{ index, delta: { content }, logprobs: null, finish_reason: null }]);
    const end = (index) => chunk([{ index, delta: {}, logprobs: null, finish_reason: 'stop' }]);
    const sent = [piece(0, 'a'), piece(1, 'x'), piece(1, 'y'), piece(0, 'b'), end(1), end(0)];
    behind.upstream.respond = (_, response) => send_stream(response, sent);

    const stream = await behind.client().chat.completions.create({ ...ask_streamed, n: 2 });

    const said = ['', ''];
    for await (const { choices: [choice] } of stream) said[choice.index] += choice.delta.content ?? '';
    assert.deepEqual(said, ['ab', 'xy']);
  });

  test("tool calls are whole in the client's own accumulator", async () => {
    const call = (tool_calls, finish_reason = null) => chunk([{ index: 0, delta: { tool_calls }, logprobs: null, finish_reason }]);
    const start = (index, id, name) => ({ index, id, type: 'function', function: { name, arguments: '' } });
    const more = (index, text) => ({ index, function: { arguments: text } });
    const sent = [
      chunk([{ index: 0, delta: { role: 'assistant', content: null }, logprobs: null, finish_reason: null }]),
      call([start(0, 'call_a', 'get_weather')]),
      call([more(0, '{"city":')]),
      call([more(0, '"Zürich"}')]),
      call([start(1, 'call_b', 'get_time')]),
      call([more(1, '{}')]),
      chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: 'tool_calls' }]),
    ];
    behind.upstream.respond = (_, response) => send_stream(response, sent);

    const final = await behind.client().chat.completions.stream({ ...ask, stream: true }).finalChatCompletion();

    const [choice] = final.choices;
    assert.equal(choice.finish_reason, 'tool_calls');
    assert.deepEqual(
      choice.message.tool_calls.map(({ id, function: called }) => [id, called.name, called.arguments]),
      [['call_a', 'get_weather', '{"city":"Zürich"}'], ['call_b', 'get_time', '{}']],
    );
  });

  test('events arrive one by one, not at the end', async () => {
    let finish;
    behind.upstream.respond = (_, response) => {
      begin_stream(response);
      const [first, ...rest] = chat_chunks(['a']).map((one) => `data: ${JSON.stringify(one)}\n\n`);
      response.write(first);
      finish = () => response.end(`${rest.join('')}data: [DONE]\n\n`);
    };

    const stream = await behind.client().chat.completions.create(ask_streamed);
    const chunks = stream[Symbol.asyncIterator]();
    const { value } = await chunks.next();

    assert.equal(value.choices[0].delta.role, 'assistant');
    finish(); // only now: the first event came while the provider was still holding the rest back
    while (!(await chunks.next()).done);
  });
}
