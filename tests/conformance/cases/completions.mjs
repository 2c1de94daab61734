// POST /v1/completions, the older text dialect.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assert_usage } from '../../support/shapes.mjs';

export function completion_cases(backend) {
  const plain = () => ({
    model: backend.completion_model,
    prompt: 'Once upon a time',
    temperature: 0,
    max_tokens: 6,
  });
  const create = (more = {}) => backend.client.completions.create({ ...plain(), ...more });

  test('a text completion continues the prompt', async () => {
    const completion = await create();

    assert.equal(completion.object, 'text_completion');
    assert.equal(completion.choices.length, 1);
    assert.equal(completion.choices[0].index, 0);
    assert.ok(completion.choices[0].text.length > 0);
    assert.ok(['stop', 'length'].includes(completion.choices[0].finish_reason));
    assert_usage(completion.usage);
  });

  test('a streamed text completion says the same', async () => {
    const chunks = [];
    for await (const chunk of await create({ stream: true })) chunks.push(chunk);

    for (const chunk of chunks) {
      assert.equal(chunk.object, 'text_completion');
      assert.equal(chunk.id, chunks[0].id);
      assert.equal(chunk.choices.length, 1);
    }
    const text = chunks.map((chunk) => chunk.choices[0].text).join('');
    assert.equal(text, (await create()).choices[0].text);
    const reasons = chunks.map((chunk) => chunk.choices[0].finish_reason);
    assert.ok(['stop', 'length'].includes(reasons.at(-1)), `${reasons}`);
    assert.ok(reasons.slice(0, -1).every((reason) => reason === null), `${reasons}`);
  });

  test('a streamed text completion ends with usage when it is asked for', async () => {
    const chunks = [];
    for await (const chunk of await create({ stream: true, stream_options: { include_usage: true } })) chunks.push(chunk);

    const last = chunks.at(-1);
    assert.deepEqual(last.choices, []);
    assert_usage(last.usage);
    for (const chunk of chunks.slice(0, -1)) assert.equal(chunk.usage, null);
  });

  test('echo puts the prompt before the completion', async () => {
    const [echoed, alone] = [await create({ echo: true }), await create()];

    assert.equal(echoed.choices[0].text, `Once upon a time${alone.choices[0].text}`);
  });

  test('logprobs have the older shape: parallel lists', async () => {
    const { choices } = await create({ logprobs: 2 });

    const { tokens, token_logprobs, top_logprobs, text_offset } = choices[0].logprobs;
    assert.equal(tokens.join(''), choices[0].text);
    for (const list of [token_logprobs, top_logprobs, text_offset]) assert.equal(list.length, tokens.length);
    assert.ok(token_logprobs.every((value) => value <= 0));
    for (const alternatives of top_logprobs) {
      const count = Object.keys(alternatives).length;
      assert.ok(count >= 1 && count <= 3, `${count} alternatives for 2 asked`);
    }
    // Offsets count from the start of the prompt, which is not echoed here.
    assert.deepEqual(text_offset.map((offset) => offset - text_offset[0]), prefix_lengths(tokens));
  });

  test('a stop sequence ends a text completion', async () => {
    const whole = (await create()).choices[0].text;
    const stop = whole.slice(4, 8);

    const { choices } = await create({ stop: [stop] });

    assert.equal(choices[0].text, whole.slice(0, whole.indexOf(stop)));
    assert.equal(choices[0].finish_reason, 'stop');
  });
}

function prefix_lengths(tokens) {
  const lengths = [];
  let length = 0;
  for (const token of tokens) {
    lengths.push(length);
    length += token.length;
  }
  return lengths;
}
