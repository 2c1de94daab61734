// What a caller does wrong, and the error class that the client makes of the answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assert_error_object } from '../../support/shapes.mjs';
import { ask, plain } from './chat.mjs';

async function refused(promise, kind, expected = {}) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.constructor.name, kind, error.stack);
    assert_error_object({ error: error.error }, expected);
    return true;
  });
}

async function refused_raw(response, status, expected = {}) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get('content-type'), /^application\/json/);
  return assert_error_object(JSON.parse(text), expected);
}

export function error_cases(backend, traits) {
  const create = (more) => backend.client.chat.completions.create({ ...plain(backend), ...more });
  const post = (body, { path = '/chat/completions', headers = {} } = {}) =>
    fetch(`${backend.base_url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${backend.key}`, 'content-type': 'application/json', ...headers },
      body,
      duplex: 'half',
    });

  test('a wrong key is an AuthenticationError', async () => {
    const stranger = backend.new_client({ apiKey: `${backend.key.slice(0, -1)}!` });
    await refused(stranger.chat.completions.create(plain(backend)), 'AuthenticationError', { code: 'invalid_api_key' });
    await refused(stranger.chat.completions.create({ ...plain(backend), stream: true }), 'AuthenticationError');
    await refused(Promise.resolve(stranger.models.list()), 'AuthenticationError');
  });

  test('a missing key is refused', async () => {
    for (const authorization of [undefined, '', 'Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', backend.key]) {
      const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) };
      const body = JSON.stringify(plain(backend));
      const response = await fetch(`${backend.base_url}/chat/completions`, { method: 'POST', headers, body });
      await refused_raw(response, 401);
    }
  });

  test('malformed JSON is a bad request', async () => {
    const bodies = ['', '{', '{"model": "x",}', 'null', '[]', '"text"', '{"model":1e999}', '{} {}', '\u0000', '{"a":"\\ud800"'];
    for (const body of bodies) await refused_raw(await post(body), 400);
  });

  test('invalid UTF-8 in the body is a bad request', async () => {
    const text = JSON.stringify({ ...plain(backend), messages: [{ role: 'user', content: '@@' }] });
    const body = Buffer.from(text);
    body[body.indexOf('@@')] = 0xff;
    await refused_raw(await post(body), 400);
  });

  test('a missing or wrong-typed model or messages is named', async () => {
    const { model, ...without_model } = plain(backend);
    await refused_raw(await post(JSON.stringify(without_model)), 400, { param: 'model' });
    await refused_raw(await post(JSON.stringify({ ...plain(backend), model: 7 })), 400, { param: 'model' });
    await refused_raw(await post(JSON.stringify({ model })), 400, { param: 'messages' });
    await refused_raw(await post(JSON.stringify({ model, messages: 'hello' })), 400, { param: 'messages' });
    await refused_raw(await post(JSON.stringify({ model, messages: [] })), 400, { param: 'messages' });
  });

  test('a wrong-typed stream flag is named', async () => {
    await refused_raw(await post(JSON.stringify({ ...plain(backend), stream: 'yes' })), 400, { param: 'stream' });
  });

  test('a wrong-typed temperature is a BadRequestError that names it', async () => {
    await refused(create({ temperature: 'hot' }), 'BadRequestError', { param: 'temperature' });
  });

  test('a prompt beyond the context is a BadRequestError with its own code', async () => {
    const messages = [{ role: 'user', content: 'word '.repeat(6000) }];
    await refused(create({ messages }), 'BadRequestError', { code: 'context_length_exceeded' });
    await refused(create({ messages, stream: true }), 'BadRequestError', { code: 'context_length_exceeded' });
  });

  test('an unknown model is a NotFoundError', async () => {
    const body = { ...plain(backend), model: 'no-such-model' };
    await refused(backend.client.chat.completions.create(body), 'NotFoundError', { code: 'model_not_found' });
  });

  test('an unknown path is a 404 with an error object, a wrong method a 405', async () => {
    await refused_raw(await post('{}', { path: '/no/such/path' }), 404);
    const headers = { authorization: `Bearer ${backend.key}` };
    await refused_raw(await fetch(`${backend.base_url}/chat/completions`, { headers }), 405);
  });

  test('a body over the limit is refused before it is read', async () => {
    const content = 'x'.repeat(backend.body_bytes_max + 1);
    const body = JSON.stringify({ ...plain(backend), messages: [{ role: 'user', content }] });
    const response = await post(body).catch((error) => error);
    // The server may answer and close while the client still sends; some clients then see a reset.
    if (response instanceof Error) assert.match(String(response.cause?.code), /EPIPE|ECONNRESET|UND_ERR_SOCKET/);
    else await refused_raw(response, 413);
  });

  test('every refusal has a request id', async () => {
    const authorization = `Bearer ${backend.key}`;
    const refusals = {
      'a wrong key': await post('{}', { headers: { authorization: 'Bearer wrong' } }),
      'a bad body': await post('{'),
      'an unknown path': await post('{}', { path: '/no/such/path' }),
      'a wrong method': await fetch(`${backend.base_url}/chat/completions`, { headers: { authorization } }),
      'an unknown model of the list': await fetch(`${backend.base_url}/models/none`, { headers: { authorization } }),
    };
    const without = Object.entries(refusals).filter(([, response]) => !response.headers.get('x-request-id'));
    assert.deepEqual(without.map(([what]) => what), []);
  });

  test('the connection is good for the next call after a refusal', async () => {
    await refused_raw(await post('{'), 400);
    const completion = await create({});
    assert.equal(completion.choices.length, 1);
  });

  if (traits.generates) generated_error_cases(backend, post);
  if (traits.gateway) revoked_key_case(backend);
}

function generated_error_cases(backend, post) {
  const wrong = {
    'messages[0].role': { messages: [{ role: 7, content: 'x' }] },
    'messages[0].content': { messages: [{ role: 'user', content: 7 }] },
    'messages[0]': { messages: ['hello'] },
    max_tokens: { max_tokens: -1 },
    max_completion_tokens: { max_completion_tokens: 1.5 },
    temperature: { temperature: -1 },
    top_p: { top_p: 2 },
    seed: { seed: 'x' },
    stop: { stop: 7 },
    logprobs: { logprobs: 'yes' },
    top_logprobs: { logprobs: true, top_logprobs: 21 },
    presence_penalty: { presence_penalty: 'x' },
    stream_options: { stream: true, stream_options: 'x' },
    logit_bias: { logit_bias: [] },
    n: { n: 0 },
  };
  for (const [param, fault] of Object.entries(wrong)) {
    test(`a wrong ${param} is refused by name`, async () => {
      await refused_raw(await post(JSON.stringify({ ...plain(backend), ...fault })), 400, { param });
    });
  }

  test('more than four stop sequences are refused by name', async () => {
    const stop = ['a', 'b', 'c', 'd', 'e'];
    await refused_raw(await post(JSON.stringify({ ...plain(backend), stop })), 400, { param: 'stop' });
  });

  test('null stands for an absent field', async () => {
    const body = { model: backend.model, messages: ask, max_tokens: 2, temperature: null, stop: null, seed: null };
    const response = await post(JSON.stringify({ ...body, stream: null, stream_options: null, logprobs: null, n: null }));
    assert.equal(response.status, 200, await response.clone().text());
    assert.equal((await response.json()).usage.completion_tokens, 2);
  });
}

function revoked_key_case(backend) {
  test('a revoked key is an AuthenticationError on the very next call', async () => {
    const key = await backend.server.create_key('to-be-revoked');
    const client = backend.new_client({ apiKey: key });
    await client.chat.completions.create(plain(backend));

    await backend.server.revoke_key('to-be-revoked');

    await refused(client.chat.completions.create(plain(backend)), 'AuthenticationError');
  });
}
