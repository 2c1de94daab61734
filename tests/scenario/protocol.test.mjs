// Odd and broken HTTP/1.1 on the wire. What is allowed works; what is not gets a 4xx or a closed
// connection; and the server lives on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Scope } from '../support/eventually.mjs';
import { serve_over } from '../support/forebay.mjs';
import { connect_raw, post_bytes } from '../support/raw_http.mjs';
import { assert_error_object, chat_chunks, chat_completion, sse_data } from '../support/shapes.mjs';
import { send_json, send_stream, start_upstream } from '../support/upstream.mjs';
import { setTimeout as pause } from 'node:timers/promises';

const scope = new Scope();
let server;
let upstream;
let key;

const ask = { model: 'fake', messages: [{ role: 'user', content: 'Hello.' }] };
const healthz = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';

async function connect(t) {
  return connect_raw(t, server.port);
}

// Sends `bytes` and returns what came back before the other side closed or answered.
async function reply_to(t, bytes) {
  const connection = await connect(t);
  connection.send(bytes);
  const response = await connection.response().catch(() => undefined);
  return { connection, response };
}

function allowed_cases() {
  test('pipelined requests are answered in their order', async (t) => {
    const connection = await connect(t);
    const call = (say, pause_ms) => post_bytes('/v1/chat/completions', { ...ask, say, pause_ms }, { key });
    connection.send(Buffer.concat([call('first', 200), Buffer.from(healthz), call('second', 0), call('third', 50), Buffer.from(healthz)]));

    const said = [];
    for (let i = 0; i < 5; ++i) {
      const response = await connection.response();
      assert.equal(response.status, 200);
      said.push(response.body.includes('choices') ? response.json().choices[0].message.content : 'health');
    }

    assert.deepEqual(said, ['first', 'health', 'second', 'third', 'health']);
  });

  test('a stream may be followed by another request on its connection', async (t) => {
    const connection = await connect(t);
    connection.send(post_bytes('/v1/chat/completions', { ...ask, stream: true }, { key }));
    connection.send(healthz);

    assert.equal(sse_data((await connection.response()).body).at(-1), '[DONE]');
    assert.equal((await connection.response()).status, 200);
  });

  test('one connection serves a hundred requests', async (t) => {
    const connection = await connect(t);
    for (let i = 0; i < 100; ++i) {
      connection.send(post_bytes('/v1/chat/completions', { ...ask, say: `${i}` }, { key }));
      assert.equal((await connection.response()).json().choices[0].message.content, `${i}`);
    }
  });

  test('a request may come byte by byte', async (t) => {
    const connection = await connect(t);
    for (const byte of post_bytes('/v1/chat/completions', ask, { key })) connection.send(Buffer.from([byte]));
    assert.equal((await connection.response()).status, 200);
  });

  test('Expect: 100-continue is answered before the body is sent', async (t) => {
    const connection = await connect(t);
    const bytes = post_bytes('/v1/chat/completions', ask, { key, headers: ['Expect: 100-continue'] });
    const head_end = bytes.indexOf('\r\n\r\n') + 4;
    connection.send(bytes.subarray(0, head_end));
    assert.equal((await connection.head()).status, 100);

    connection.send(bytes.subarray(head_end));

    assert.equal((await connection.response()).status, 200);
  });

  test('a chunked request body with extensions and trailers is a body', async (t) => {
    const body = JSON.stringify(ask);
    const half = Math.floor(body.length / 2);
    const parts = [body.slice(0, half), body.slice(half)];
    const chunked = parts.map((part) => `${part.length.toString(16)};a=b\r\n${part}\r\n`).join('');
    const headers = `Authorization: Bearer ${key}\r\nTransfer-Encoding: chunked`;
    const { response } = await reply_to(t, post(headers, `${chunked}0\r\nX-Trailer: y\r\n\r\n`));
    assert.equal(response.status, 200, response.body);
    assert.equal(upstream.last.text, body);
  });

  test('HTTP/1.0 gets an answer without chunks and a closed connection', async (t) => {
    for (const stream of [false, true]) {
      const { connection, response } = await reply_to(t, post_bytes('/v1/chat/completions', { ...ask, stream }, { key, version: '1.0' }));
      assert.equal(response.status, 200, response.body);
      assert.equal(response.headers['transfer-encoding'], undefined);
      if (stream) assert.equal(sse_data(response.body).at(-1), '[DONE]');
      else assert.equal(response.json().object, 'chat.completion');
      await connection.until_closed();
    }
  });

  test('Connection: close is honoured', async (t) => {
    const { connection, response } = await reply_to(t, 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.equal(response.status, 200);
    assert.match(response.headers.connection ?? '', /close/i);
    await connection.until_closed();
  });

  test('a target in absolute form is the same target', async (t) => {
    const { response } = await reply_to(t, `GET http://127.0.0.1:${server.port}/healthz HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal(response.status, 200);
  });

  test('a query does not change the path', async (t) => {
    const { response } = await reply_to(t, 'GET /healthz?a=b&c=%20 HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal(response.status, 200);
  });

  test('the names of headers and the scheme of a key are in any case', async (t) => {
    const body = JSON.stringify(ask);
    const { response } = await reply_to(t,
      `POST /v1/chat/completions HTTP/1.1\r\nhOsT: x\r\nAUTHORIZATION: bearer ${key}\r\ncontent-LENGTH: ${body.length}\r\n\r\n${body}`);
    assert.equal(response.status, 200, response.body);
  });

  test('HEAD has a head and no body', async (t) => {
    const connection = await connect(t);
    connection.send('HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    connection.send(healthz);
    assert.equal((await connection.head()).status, 200);
    assert.equal((await connection.response()).status, 200, 'the next answer follows at once');
  });

  test('a wish to upgrade is ignored', async (t) => {
    const { response } = await reply_to(t,
      'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n');
    assert.equal(response.status, 200);
  });
}

const post = (headers, body = '') => `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;

// What must never be taken for a good request: each is a way to smuggle a second one, or noise.
const broken = {
  'random bytes': Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 197 + 13) % 256)),
  'a TLS hello': Buffer.from('16030100c8010000c40303000000000000000000000000000000000000000000000000000000000000000000', 'hex'),
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'an unknown version': 'GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n',
  'no version': 'GET /healthz\r\n\r\n',
  'a request line of blanks': '     \r\n\r\n',
  'a NUL in the target': 'GET /health\0z HTTP/1.1\r\nHost: x\r\n\r\n',
  'a NUL in a header': 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n',
  'a blank before a colon': 'GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n',
  'a header without a colon': 'GET /healthz HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n',
  'two lengths that differ': post('Content-Length: 2\r\nContent-Length: 40', '{}'),
  'a negative length': post('Content-Length: -2', '{}'),
  'a length that overflows': post('Content-Length: 99999999999999999999999', '{}'),
  'a length that is no number': post('Content-Length: 2x', '{}'),
  'a length beside chunks': post('Content-Length: 2\r\nTransfer-Encoding: chunked', '2\r\n{}\r\n0\r\n\r\n'),
  'a chunk size that is no number': post('Transfer-Encoding: chunked', 'zz\r\n{}\r\n0\r\n\r\n'),
  'a chunk size that overflows': post('Transfer-Encoding: chunked', 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n'),
  'a chunk longer than its size': post('Transfer-Encoding: chunked', '1\r\n{}\r\n0\r\n\r\n'),
  'an unknown transfer coding': post('Transfer-Encoding: xchunked', '2\r\n{}\r\n0\r\n\r\n'),
};

function broken_cases() {
  for (const [what, bytes] of Object.entries(broken)) {
    test(`${what} is refused, and the connection closed`, async (t) => {
      const { connection, response } = await reply_to(t, bytes);

      if (response) {
        assert.ok(response.status >= 400 && response.status <= 505, `${response.status} ${response.body}`);
        if (response.body) assert_error_object(response.json());
      }
      // Whatever follows on this connection must not be read as another request.
      connection.send(healthz);
      assert.doesNotMatch(await connection.until_closed(), /HTTP\/1\.1 200/);
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    });
  }

  test('garbage is a 400 with an error object', async (t) => {
    const { response } = await reply_to(t, 'this is no HTTP at all\r\n\r\n');
    assert.equal(response?.status, 400);
    assert_error_object(response.json());
  });

  const survivable = {
    'two hosts': 'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'no host': 'GET /healthz HTTP/1.1\r\n\r\n',
    'an unknown method': 'BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    'OPTIONS *': 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
    CONNECT: 'CONNECT example.invalid:443 HTTP/1.1\r\nHost: x\r\n\r\n',
    'a folded header': 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n',
    'a path with dots': 'GET /v1/../healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    'a path with bad escapes': 'GET /%zz%00%2e%2e/ HTTP/1.1\r\nHost: x\r\n\r\n',
    'two keys': 'GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n',
    'a body on GET': 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}',
    'empty lines before the request': '\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
  };
  for (const [what, bytes] of Object.entries(survivable)) {
    test(`${what}: an answer below 500 or 501, and the server lives on`, async (t) => {
      const { response } = await reply_to(t, bytes);

      if (response) assert.ok(response.status < 500 || response.status === 501, `${response.status} ${response.body}`);
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    });
  }

  test('connections cut at every byte of a request leave nothing behind', async (t) => {
    const bytes = post_bytes('/v1/chat/completions', { ...ask, stream: true }, { key });
    for (let length = 0; length <= bytes.length; length += 3) {
      const connection = await connect(t);
      connection.send(bytes.subarray(0, length));
      if (length % 2 === 0) connection.socket.resetAndDestroy();
      else connection.socket.end();
    }
    const connection = await connect(t);
    connection.send(bytes);
    assert.equal((await connection.response()).status, 200);
  });
}

describe('HTTP on the wire', () => {
  before(async () => {
    upstream = await start_upstream(scope, {
      respond: async (seen, response) => {
        const body = seen.json();
        if (body.pause_ms) await pause(body.pause_ms);
        if (body.stream) send_stream(response, chat_chunks(['a', 'b']));
        else send_json(response, 200, chat_completion({ content: body.say ?? 'so' }));
      },
    });
    server = await serve_over(scope, upstream);
    key = await server.key();
  });
  after(() => scope.close());

  describe('allowed', allowed_cases);
  describe('broken', broken_cases);
});
