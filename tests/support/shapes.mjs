// What a provider says, in the shapes that OpenAI documents, and assertions about what a client got.
import assert from 'node:assert/strict';

const created = 1_760_000_000;

export const usage = {
  prompt_tokens: 12,
  completion_tokens: 5,
  total_tokens: 17,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 0,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};

export function chat_completion({ content = 'The sea is calm today.', finish_reason = 'stop', ...more } = {}) {
  return {
    id: 'chatcmpl-9fA2kQ',
    object: 'chat.completion',
    created,
    model: 'gpt-4o-mini-2024-07-18',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null, annotations: [] },
        logprobs: null,
        finish_reason,
      },
    ],
    usage,
    service_tier: 'default',
    system_fingerprint: 'fp_560af6e559',
    ...more,
  };
}

export function chunk(choices, more = {}) {
  return {
    id: 'chatcmpl-9fA2kQ',
    object: 'chat.completion.chunk',
    created,
    model: 'gpt-4o-mini-2024-07-18',
    service_tier: 'default',
    system_fingerprint: 'fp_560af6e559',
    choices,
    ...more,
  };
}

export function delta(content, more = {}) {
  return chunk([{ index: 0, delta: { content }, logprobs: null, finish_reason: null }], more);
}

// A whole stream, without [DONE]. `wants_usage`: as with stream_options.include_usage.
export function chat_chunks(words, { wants_usage = false, finish_reason = 'stop' } = {}) {
  const more = wants_usage ? { usage: null } : {};
  const first = { role: 'assistant', content: '', refusal: null };
  const chunks = [
    chunk([{ index: 0, delta: first, logprobs: null, finish_reason: null }], more),
    ...words.map((word) => delta(word, more)),
    chunk([{ index: 0, delta: {}, logprobs: null, finish_reason }], more),
  ];
  return wants_usage ? [...chunks, chunk([], { usage })] : chunks;
}

// Answers like a provider: streams when asked, with usage when asked.
export function wants_usage(request) {
  return request.json().stream_options?.include_usage === true;
}

export function error_body(message, { type = 'invalid_request_error', param = null, code = null } = {}) {
  return { error: { message, type, param, code } };
}

// The body of every refusal: all four members, and `code` a string or null.
export function assert_error_object(body, { code, param, message } = {}) {
  const error = body?.error;
  assert.ok(error && typeof error === 'object', `no error object in ${JSON.stringify(body)}`);
  for (const member of ['message', 'type', 'param', 'code']) {
    assert.ok(member in error, `the error object has no '${member}': ${JSON.stringify(error)}`);
  }
  assert.equal(typeof error.message, 'string');
  assert.ok(error.message.length > 0, 'the message is empty');
  assert.equal(typeof error.type, 'string');
  for (const member of ['param', 'code']) {
    assert.ok(error[member] === null || typeof error[member] === 'string', `${member} is ${JSON.stringify(error[member])}`);
  }
  if (code !== undefined) assert.equal(error.code, code);
  if (param !== undefined) assert.equal(error.param, param);
  if (message !== undefined) assert.match(error.message, message);
  return error;
}

// What every chat stream must be, whoever made it. Returns {text, finish_reason, usage}.
export function assert_chat_stream(chunks, { usage_asked = false } = {}) {
  assert.ok(chunks.length >= 2, `only ${chunks.length} chunks`);
  const [first] = chunks;
  const last_chunk = chunks.at(-1);
  for (const one of chunks) {
    assert.equal(one.object, 'chat.completion.chunk');
    assert.equal(one.id, first.id, 'every chunk has the same id');
    assert.equal(one.created, first.created, 'every chunk has the same created');
    assert.equal(one.model, first.model, 'every chunk has the same model');
    assert.ok(Array.isArray(one.choices));
    const is_usage_chunk = usage_asked && one === last_chunk;
    if (is_usage_chunk) continue;
    assert.equal(one.usage ?? null, null, 'usage stands in no other chunk');
    assert.equal(one.choices.length, 1, 'a chunk without choices is the usage chunk alone');
    assert.equal(one.choices[0].index, 0);
    if (usage_asked) assert.ok('usage' in one, 'usage is null, not absent, when it was asked for');
  }
  assert.equal(first.choices[0].delta.role, 'assistant');

  const spoken = usage_asked ? chunks.slice(0, -1) : chunks;
  const reasons = spoken.map((one) => one.choices[0].finish_reason);
  assert.ok(reasons.slice(0, -1).every((reason) => reason === null), `finish_reason before the end: ${reasons}`);
  assert.ok(['stop', 'length', 'tool_calls', 'content_filter'].includes(reasons.at(-1)), `no end: ${reasons}`);
  if (usage_asked) {
    assert.deepEqual(last_chunk.choices, []);
    assert_usage(last_chunk.usage);
  }
  return {
    text: spoken.map((one) => one.choices[0].delta.content ?? '').join(''),
    finish_reason: reasons.at(-1),
    usage: usage_asked ? last_chunk.usage : undefined,
  };
}

export function assert_usage(usage) {
  for (const member of ['prompt_tokens', 'completion_tokens', 'total_tokens']) {
    assert.ok(Number.isInteger(usage[member]) && usage[member] >= 0, `${member} is ${usage[member]}`);
  }
  assert.ok(usage.prompt_tokens > 0);
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  assert.ok(Number.isInteger(usage.prompt_tokens_details?.cached_tokens), 'cached tokens are counted');
  assert.ok(usage.prompt_tokens_details.cached_tokens <= usage.prompt_tokens);
}

// The data of each event in a whole response body, strictly framed as we send it.
export function sse_data(text) {
  assert.ok(text === '' || text.endsWith('\n\n'), `the last event is not ended: ${JSON.stringify(text.slice(-80))}`);
  return text
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
    .map((block) => {
      assert.match(block, /^data: [^\n]*$/, `not one data line: ${JSON.stringify(block.slice(0, 200))}`);
      return block.slice('data: '.length);
    });
}

// The text of a response as far as it came. A stream that broke may also break off its connection, after
// the event that says why.
export async function text_as_far_as_it_came(response) {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const part of response.body ?? []) text += decoder.decode(part, { stream: true });
  } catch {
    // What came is what counts.
  }
  return text;
}

// A stream that broke: the last event is an error object and [DONE] is nowhere.
export function assert_broken_stream(text) {
  const data = sse_data(text);
  assert.ok(!data.some((one) => one.startsWith('[DONE]')), `a broken stream ended with [DONE]:\n${text.slice(-500)}`);
  assert.ok(data.length > 0, 'a broken stream ended in silence');
  return assert_error_object(JSON.parse(data.at(-1)));
}
