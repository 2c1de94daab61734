// POST /v1/chat/completions without streaming.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assert_error_object, assert_usage } from '../../support/shapes.mjs';

export const ask = [{ role: 'user', content: 'Tell me a story.' }];

export function plain(backend) {
  return { model: backend.model, messages: ask, temperature: 0, max_tokens: 48 };
}

// A word from the middle of `text`, with the blank before it: something to stop at.
export function middle_word(text) {
  const words = text.match(/ \S+/g);
  assert.ok(words?.length >= 3, `too short to stop in the middle: ${JSON.stringify(text)}`);
  return words.slice(2).find((word) => text.indexOf(word) > 0 && /^ \w+$/.test(word));
}

function assert_chat(completion) {
  assert.equal(completion.object, 'chat.completion');
  assert.ok(completion.id.length > 0);
  assert.ok(Number.isInteger(completion.created));
  assert.equal(typeof completion.model, 'string');
  assert.equal(completion.choices[0].index, 0);
  assert.equal(completion.choices[0].message.role, 'assistant');
  assert_usage(completion.usage);
}

export function assert_chat_logprobs(logprobs, top_count) {
  assert.ok(logprobs.content.length > 0);
  for (const entry of logprobs.content) {
    assert.equal(typeof entry.token, 'string');
    assert.ok(entry.logprob <= 0, `a log probability of ${entry.logprob}`);
    assert.deepEqual(Buffer.from(entry.bytes).toString('utf8'), entry.token);
    assert.equal(entry.top_logprobs.length, top_count);
    const values = entry.top_logprobs.map((one) => one.logprob);
    assert.deepEqual(values, [...values].sort((a, b) => b - a), 'best first');
  }
}

export function chat_cases(backend, traits) {
  test('a chat answers with one assistant message, a reason for its end and exact usage', async () => {
    const completion = await backend.client.chat.completions.create(plain(backend));

    assert_chat(completion);
    assert.equal(completion.choices.length, 1);
    assert.ok(completion.choices[0].message.content.length > 0);
    assert.ok(['stop', 'length'].includes(completion.choices[0].finish_reason));
  });

  test('each response carries its own request id', async () => {
    const first = await backend.client.chat.completions.create(plain(backend));
    const second = await backend.client.chat.completions.create(plain(backend));

    assert.ok(first._request_id?.length > 0);
    assert.notEqual(first._request_id, second._request_id);
  });

  for (const limit of ['max_tokens', 'max_completion_tokens']) {
    test(`${limit} ends the answer with finish_reason length`, async () => {
      const { max_tokens: _, ...rest } = plain(backend);
      const completion = await backend.client.chat.completions.create({ ...rest, [limit]: 3 });

      assert_chat(completion);
      assert.equal(completion.choices[0].finish_reason, 'length');
      assert.equal(completion.usage.completion_tokens, 3);
    });
  }

  test('a stop sequence ends the answer before itself', async () => {
    const whole = (await backend.client.chat.completions.create(plain(backend))).choices[0].message.content;
    const stop = middle_word(whole);

    const completion = await backend.client.chat.completions.create({ ...plain(backend), stop });

    assert.equal(completion.choices[0].message.content, whole.slice(0, whole.indexOf(stop)));
    assert.equal(completion.choices[0].finish_reason, 'stop');
  });

  test('the first of several stop sequences to appear ends the answer', async () => {
    const whole = (await backend.client.chat.completions.create(plain(backend))).choices[0].message.content;
    const stop = middle_word(whole);

    const completion = await backend.client.chat.completions.create({
      ...plain(backend),
      stop: ['this is never said', stop],
    });

    assert.equal(completion.choices[0].message.content, whole.slice(0, whole.indexOf(stop)));
    assert.equal(completion.choices[0].finish_reason, 'stop');
  });

  test('logprobs come with the asked number of alternatives, best first', async () => {
    const completion = await backend.client.chat.completions.create({
      ...plain(backend),
      max_tokens: 4,
      logprobs: true,
      top_logprobs: 2,
    });

    const [choice] = completion.choices;
    assert_chat_logprobs(choice.logprobs, 2);
    assert.equal(choice.logprobs.content.length, completion.usage.completion_tokens);
    assert.equal(choice.logprobs.content.map((one) => one.token).join(''), choice.message.content);
  });

  test('content may be a list of text parts', async () => {
    const parts = [{ role: 'user', content: [{ type: 'text', text: 'Tell me a story.' }] }];
    const completion = await backend.client.chat.completions.create({ ...plain(backend), messages: parts });

    assert_chat(completion);
    assert.ok(completion.choices[0].message.content.length > 0);
  });

  test('the raw response is JSON with a length and an id', async () => {
    const { data, response } = await backend.client.chat.completions.create(plain(backend)).withResponse();

    assert.match(response.headers.get('content-type'), /^application\/json/);
    assert.equal(response.headers.get('x-request-id'), data._request_id);
  });

  if (traits.generates) generated_chat_cases(backend);
  if (traits.gateway) recorded_in_journal_cases(backend);
}

function generated_chat_cases(backend) {
  const sampled = (seed) =>
    backend.client.chat.completions
      .create({ model: backend.model, messages: ask, temperature: 1, max_tokens: 40, seed })
      .then((completion) => completion.choices[0].message.content);

  test('the same seed gives the same answer', async () => {
    assert.equal(await sampled(7), await sampled(7));
  });

  test('other seeds give other answers', async () => {
    const answers = new Set();
    for (let seed = 1; seed <= 6; ++seed) answers.add(await sampled(seed));
    assert.ok(answers.size > 1, `six seeds, one answer: ${[...answers]}`);
  });

  test('temperature 0 gives the same answer each time', async () => {
    const [one, two] = await Promise.all([
      backend.client.chat.completions.create(plain(backend)),
      backend.client.chat.completions.create(plain(backend)),
    ]);
    assert.equal(one.choices[0].message.content, two.choices[0].message.content);
  });

  test('a conversation with a system message and earlier turns costs more prompt tokens', async () => {
    const short = await backend.client.chat.completions.create(plain(backend));
    const long = await backend.client.chat.completions.create({
      ...plain(backend),
      messages: [
        { role: 'system', content: 'You tell stories.' },
        ...ask,
        { role: 'assistant', content: 'Once upon a time there was a ship.' },
        { role: 'user', content: 'Go on.' },
      ],
    });
    assert.ok(long.usage.prompt_tokens > short.usage.prompt_tokens);
  });

  test('one answer at a time: n above 1 is refused with the name of the field', async () => {
    await assert.rejects(backend.client.chat.completions.create({ ...plain(backend), n: 2 }), (error) => {
      assert.equal(error.constructor.name, 'BadRequestError');
      assert_error_object({ error: error.error }, { param: 'n' });
      return true;
    });
    const one = await backend.client.chat.completions.create({ ...plain(backend), n: 1 });
    assert.equal(one.choices.length, 1);
  });

  test('a logit bias changes what is said', async () => {
    const client = backend.new_client(backend.long_base_url ? { baseURL: backend.long_base_url } : {});
    const say = async (more) => {
      const body = { model: backend.long_model, messages: ask, temperature: 0, max_tokens: 12, ...more };
      return (await client.chat.completions.create(body)).choices[0].message.content;
    };

    assert.notEqual(await say({ logit_bias: lopsided_bias() }), await say({}));
  });
}

// Pushes half of the first tokens of any vocabulary down, so that greedy decoding has to choose others.
function lopsided_bias() {
  const bias = {};
  for (let token = 0; token < 256; ++token) bias[token] = token % 2 === 0 ? -100 : 5;
  return bias;
}

function recorded_in_journal_cases(backend) {
  test('the journal has the call under the id that the client got', async () => {
    const completion = await backend.client.chat.completions.create(plain(backend));

    const record = await backend.server.record(completion._request_id);

    assert.equal(record.model, backend.model);
    assert.equal(record.outcome, 'ok');
    assert.equal(record.status, 200);
    assert.equal(record.stream, false);
    assert.equal(record.finish_reason, completion.choices[0].finish_reason);
    assert.equal(record.usage.prompt_tokens, completion.usage.prompt_tokens);
    assert.equal(record.usage.completion_tokens, completion.usage.completion_tokens);
    assert.equal(record.key.name, 'test');
    assert.ok(record.timing.total_ms >= 0);
  });
}
