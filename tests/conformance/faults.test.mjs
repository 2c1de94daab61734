// What goes wrong at a provider, and what the client is told. Whatever it is, the client gets an error
// object of the right class, never silence and never an answer that is not whole.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { Scope, eventually } from '../support/eventually.mjs';
import { assert_chat_stream, assert_error_object, chat_chunks, chat_completion, error_body, sse_data } from '../support/shapes.mjs';
import { cut, send_json, write_apart } from '../support/upstream.mjs';
import { ask, ask_streamed, provider_key, start_behind } from './behind.mjs';

const scope = new Scope();
let behind;

const answer = (body) => behind.answer(body);

function assert_refusal({ status, headers, text }, expected_status, expected = {}) {
  assert.equal(status, expected_status, text);
  assert.match(headers.get('content-type'), /^application\/json/);
  assert.ok(!text.includes(provider_key), 'the key of the provider must not be shown');
  return assert_error_object(JSON.parse(text), expected);
}

describe('faults of a provider', () => {
  before(async () => {
    behind = await start_behind(scope);
  });
  beforeEach(() => {
    behind.upstream.respond = (_, response) => send_json(response, 200, chat_completion());
  });
  after(() => scope.close());

  describe('refusals', refusal_cases);
  describe('no answer', absence_cases);
  describe('answers that are not whole', broken_answer_cases);
  describe('connections', connection_cases);
});

function refusal_cases() {
  const classes = {
    400: 'BadRequestError',
    404: 'NotFoundError',
    409: 'ConflictError',
    422: 'UnprocessableEntityError',
    429: 'RateLimitError',
    500: 'InternalServerError',
    502: 'InternalServerError',
    503: 'InternalServerError',
    529: 'InternalServerError',
  };
  for (const [status, name] of Object.entries(classes)) {
    for (const stream of [false, true]) {
      test(`${status} of the provider is a ${name}${stream ? ' when streaming' : ''}`, async () => {
        const body = error_body('the provider says no', { type: 'a_type', param: 'a_param', code: 'a_code' });
        behind.upstream.respond = (_, response) => send_json(response, Number(status), body);

        await assert.rejects(behind.client().chat.completions.create({ ...ask, stream }), (error) => {
          assert.equal(error.constructor.name, name);
          assert.equal(error.status, Number(status));
          assert.ok(error.requestID);
          assert_error_object({ error: error.error }, { code: 'a_code', param: 'a_param', message: /the provider says no/ });
          return true;
        });
      });
    }
  }

  for (const status of [401, 403]) {
    test(`${status} of the provider does not show its key`, async () => {
      const message = `Incorrect API key provided: ${provider_key}.`;
      behind.upstream.respond = (_, response) => send_json(response, status, error_body(message));

      const { status: got, text } = await answer(ask);

      assert.ok([401, 403, 502].includes(got), `${got} ${text}`);
      assert_error_object(JSON.parse(text));
      assert.ok(!text.includes(provider_key), text);
    });
  }

  test('retry headers of a rate limit reach the client', async () => {
    const headers = { 'retry-after': '17', 'retry-after-ms': '16500', 'x-should-retry': 'false' };
    const body = error_body('slow down', { type: 'requests', code: 'rate_limit_exceeded' });
    behind.upstream.respond = (_, response) => send_json(response, 429, body, headers);

    const refusal = await answer(ask);

    assert_refusal(refusal, 429, { code: 'rate_limit_exceeded' });
    for (const [name, value] of Object.entries(headers)) assert.equal(refusal.headers.get(name), value, name);
  });

  test('the client waits as told and then succeeds', async () => {
    let calls = 0;
    behind.upstream.respond = (_, response) => {
      const body = error_body('slow down', { code: 'rate_limit_exceeded' });
      if (++calls === 1) send_json(response, 429, body, { 'retry-after-ms': '10' });
      else send_json(response, 200, chat_completion());
    };

    const completion = await behind.client({ maxRetries: 2 }).chat.completions.create(ask);

    assert.equal(calls, 2);
    assert.equal(completion.choices[0].message.content, 'The sea is calm today.');
  });

  test('a refusal that is not JSON becomes an error object', async () => {
    const bodies = ['<html>502 Bad Gateway</html>', '', '{"detail":"no"}', '{"error":"just text"}', '[1]', '{"error":{'];
    for (const body of bodies) {
      behind.upstream.respond = (_, response) => send_json(response, 502, body, { 'content-type': 'text/html' });
      assert_refusal(await answer(ask), 502);
    }
  });
}

function absence_cases() {
  for (const stream of [false, true]) {
    const mode = stream ? ' when streaming' : '';
    test(`a provider that refuses connections is a 502${mode}`, async () => {
      assert_refusal(await answer({ ...ask, model: 'refusing', stream }), 502);
    });

    test(`a provider without an address is a 502${mode}`, async () => {
      assert_refusal(await answer({ ...ask, model: 'nameless', stream }), 502);
    });

    test(`a provider that never answers is a 504${mode}`, async () => {
      behind.upstream.respond = () => undefined;
      assert_refusal(await answer({ ...ask, model: 'hasty', stream }), 504);
      await eventually('the call to be given up upstream', () => behind.upstream.open_responses.size === 0);
    });

    test(`a provider that closes without an answer is a 502${mode}`, async () => {
      behind.upstream.respond = (_, response) => cut(response);
      assert_refusal(await answer({ ...ask, stream }), 502);
    });
  }

  test('a client that leaves before the first byte cancels the call upstream', async () => {
    let arrived;
    const arrival = new Promise((resolve) => (arrived = resolve));
    behind.upstream.respond = () => arrived();
    const leaving = new AbortController();
    const call = behind.post(ask, { signal: leaving.signal }).catch(() => undefined);
    await arrival;

    leaving.abort();

    await call;
    await eventually('the call to be cancelled upstream', () => behind.upstream.open_responses.size === 0);
    await eventually('the record of it', async () =>
      (await behind.server.journal()).some(({ outcome }) => outcome === 'client_closed'));
  });
}

function broken_answer_cases() {
  test('an answer cut in the middle is a 502', async () => {
    behind.upstream.respond = async (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 });
      await write_apart(response, ['{"id":"chatcmpl-1",']);
      cut(response);
    };
    assert_refusal(await answer(ask), 502);
  });

  test('a chunked answer cut in the middle is a 502', async () => {
    behind.upstream.respond = async (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      await write_apart(response, ['{"id":"chatcmpl-1",', '"object":']);
      cut(response);
    };
    assert_refusal(await answer(ask), 502);
  });

  test('an answer that is not JSON is a 502', async () => {
    for (const body of ['<html>welcome</html>', '{"id": ', '']) {
      behind.upstream.respond = (_, response) => send_json(response, 200, body);
      assert_refusal(await answer(ask), 502);
    }
  });

  test('an answer that stalls in its middle is a 504 or 502', async () => {
    behind.upstream.respond = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 });
      response.write('{"id":');
    };
    const refusal = await answer({ ...ask, model: 'hasty' });
    assert_refusal(refusal, refusal.status === 502 ? 502 : 504);
  });

  test('a compressed answer is readable for the client or refused', async () => {
    behind.upstream.respond = (seen, response) => {
      const body = gzipSync(JSON.stringify(chat_completion()));
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(body);
    };
    const { status, text } = await answer(ask);
    if (status === 200) assert.equal(JSON.parse(text).choices[0].message.content, 'The sea is calm today.');
    else assert.equal(status, 502, text);
    assert.ok(!/gzip|br|deflate/.test(behind.upstream.last.headers['accept-encoding'] ?? ''));
  });

  for (const [how, pause_ms] of [['in the same segment as', 0], ['some time before', 50]]) {
    test(`early hints ${how} an answer are not the answer`, async () => {
      const body = JSON.stringify(chat_completion());
      const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n';
      // The server under the test never ends its own answer, so it would never look at a second request.
      const head =
        'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n' + `Content-Length: ${body.length}\r\n\r\n`;
      behind.upstream.respond = (_, response) =>
        pause_ms ? write_apart(response.socket, [hints, head + body], pause_ms) : response.socket.write(hints + head + body);

      const { status, text } = await answer({ ...ask, model: 'hasty' });

      assert.equal(status, 200, text);
      assert.equal(text, body);
    });
  }
}

function connection_cases() {
  test('a connection that the provider closed while idle costs no call', async () => {
    for (let round = 0; round < 20; ++round) {
      assert.equal((await answer(ask)).status, 200);
      behind.upstream.server.closeIdleConnections();
      assert.equal((await answer(ask)).status, 200, `round ${round}`);
    }
  });

  test('a connection is kept for the next call', async () => {
    const ports = new Set();
    behind.upstream.respond = (_, response) => {
      ports.add(response.socket.remotePort);
      send_json(response, 200, chat_completion());
    };
    const client = behind.client();
    for (let call = 0; call < 10; ++call) await client.chat.completions.create(ask);
    assert.ok(ports.size <= 4, `ten calls in a row took ${ports.size} connections`);
  });

  test('a body that ends with the connection is whole when it says [DONE]', async () => {
    behind.upstream.respond = (_, response) => {
      const text = chat_chunks(['a', 'b']).map((one) => `data: ${JSON.stringify(one)}\n\n`).join('');
      response.socket.end(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n${text}data: [DONE]\n\n`);
    };
    const { text } = await answer(ask_streamed);
    const chunks = sse_data(text).slice(0, -1).map((one) => JSON.parse(one));
    assert.equal(assert_chat_stream(chunks).text, 'ab');
    assert.ok(text.endsWith('data: [DONE]\n\n'));
  });

  test('an answer of HTTP/1.0 is an answer', async () => {
    const body = JSON.stringify(chat_completion());
    behind.upstream.respond = (_, response) =>
      response.socket.end(`HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${body}`);
    const { status, text } = await answer(ask);
    assert.equal(status, 200, text);
    assert.equal(text, body);
  });

  test('what is not HTTP is a 502', async () => {
    behind.upstream.respond = (_, response) => response.socket.end('SSH-2.0-OpenSSH_9.2\r\n');
    assert_refusal(await answer(ask), 502);
  });

  test('a head without end is a 502', async () => {
    behind.upstream.respond = (_, response) => {
      response.socket.write('HTTP/1.1 200 OK\r\n');
      for (let line = 0; line < 20_000; ++line) response.socket.write(`X-Line-${line}: ${'y'.repeat(100)}\r\n`);
      response.socket.end();
    };
    assert_refusal(await answer(ask), 502);
  });
}
