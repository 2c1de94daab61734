// TLS on either side, with private authorities: verification is on and cannot be talked away.
import assert from 'node:assert/strict';
import https from 'node:https';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import tls from 'node:tls';
import { once } from 'node:events';

import { make_certificates } from '../support/certificates.mjs';
import { temporary_folder } from '../support/eventually.mjs';
import { chat, forebay, serve_over, start_serve } from '../support/forebay.mjs';
import { connect_raw } from '../support/raw_http.mjs';
import { assert_error_object, chat_chunks, chat_completion, sse_data } from '../support/shapes.mjs';
import { send_stream, start_upstream } from '../support/upstream.mjs';

let ours;
let theirs;

before(async () => {
  ours = await make_certificates();
  theirs = await make_certificates();
});

function call(port, { key, ca, method = 'GET', path, body, ...options }) {
  return new Promise((resolve, reject) => {
    const headers = { ...(key ? { authorization: `Bearer ${key}` } : {}), 'content-type': 'application/json' };
    const request = https.request({ host: '127.0.0.1', port, method, path, ca, headers, agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function start_tls_server(t) {
  const upstream = await start_upstream(t);
  const server = await start_serve(t, {
    config: {
      tls: { certificate: ours.certificate.file, private_key: ours.key.file },
      providers: { fake: { kind: 'openai', base_url: upstream.base_url } },
      models: { fake: { targets: [{ provider: 'fake' }] } },
    },
  });
  assert.match(server.url, /^https:/);
  return { server, upstream };
}

const ask = { model: 'fake', messages: [{ role: 'user', content: 'Hello.' }] };

test('a server with a certificate answers and streams over TLS', async (t) => {
  const { server, upstream } = await start_tls_server(t);
  const key = await server.key();
  const ca = ours.authority.text;
  const path = '/v1/chat/completions';

  const whole = await call(server.port, { key, ca, method: 'POST', path, body: JSON.stringify(ask) });
  assert.deepEqual(JSON.parse(whole.text), chat_completion());

  upstream.respond = (_, response) => send_stream(response, chat_chunks(['a']));
  const streamed = await call(server.port, { key, ca, method: 'POST', path, body: JSON.stringify({ ...ask, stream: true }) });
  assert.equal(sse_data(streamed.text).at(-1), '[DONE]');
});

test('a client that does not know the authority is not fooled, and old TLS is refused', async (t) => {
  const { server } = await start_tls_server(t);
  const path = '/healthz';

  await assert.rejects(call(server.port, { path, ca: theirs.authority.text }));
  await assert.rejects(call(server.port, { path, ca: ours.authority.text, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }));
  assert.equal((await call(server.port, { path, ca: ours.authority.text, maxVersion: 'TLSv1.2' })).status, 200);
  assert.equal((await call(server.port, { path, ca: ours.authority.text, minVersion: 'TLSv1.3' })).status, 200);
});

test('plain HTTP on the TLS port, and a handshake left in the middle, harm nobody', async (t) => {
  const { server } = await start_tls_server(t);
  const plain = await connect_raw(t, server.port);
  plain.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.doesNotMatch(await plain.until_closed(), /HTTP\/1\.1 200/);
  const silent = await connect_raw(t, server.port);
  silent.send(Buffer.from('160301', 'hex'));

  assert.equal((await call(server.port, { path: '/healthz', ca: ours.authority.text })).status, 200);
});

test('a handshake that does not come to its end is cut by the header timeout', async (t) => {
  const server = await start_serve(t, {
    config: {
      tls: { certificate: ours.certificate.file, private_key: ours.key.file },
      server: { header_timeout: '500ms' },
    },
  });
  const silent = await connect_raw(t, server.port);
  await silent.until_closed();
});

test('a connection stays open for several requests over TLS', async (t) => {
  const { server } = await start_tls_server(t);
  const socket = tls.connect({ host: '127.0.0.1', port: server.port, ca: ours.authority.text });
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  for (let i = 0; i < 3; ++i) {
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    const [data] = await once(socket, 'data');
    assert.match(data.toString(), /^HTTP\/1\.1 200/);
  }
});

async function over_tls_upstream(t, certificates, provider) {
  const upstream = await start_upstream(t, {
    tls: { cert: certificates.certificate.text, key: certificates.key.text },
  });
  const providers = { fake: { kind: 'openai', base_url: upstream.base_url, ...provider(upstream) } };
  return { upstream, server: await serve_over(t, upstream, { providers }) };
}

test('a provider with a private authority is reached when its authority is named', async (t) => {
  const { server, upstream } = await over_tls_upstream(t, theirs, () => ({ ca_file: theirs.authority.file }));

  for (let i = 0; i < 3; ++i) assert.deepEqual(await (await chat(server)).json(), chat_completion());
  upstream.respond = (_, response) => send_stream(response, chat_chunks(['a']));
  assert.equal(sse_data(await (await chat(server, { stream: true })).text()).at(-1), '[DONE]');
});

test('a provider is known by its name too', async (t) => {
  const { server } = await over_tls_upstream(t, theirs, (upstream) => ({
    base_url: upstream.base_url.replace('127.0.0.1', 'localhost'),
    ca_file: theirs.authority.file,
  }));
  assert.equal((await chat(server)).status, 200);
});

async function assert_not_trusted(server, upstream) {
  for (const stream of [false, true]) {
    const response = await chat(server, { stream });
    const text = await response.text();
    assert.equal(response.status, 502, text);
    assert_error_object(JSON.parse(text), { message: /certificate|verif|TLS/i });
  }
  assert.equal(upstream.requests.length, 0, 'nothing was said to a stranger');
}

test('a provider of another authority is a 502 that speaks of the certificate', async (t) => {
  const { server, upstream } = await over_tls_upstream(t, theirs, () => ({ ca_file: ours.authority.file }));
  await assert_not_trusted(server, upstream);
});

test("a provider of a private authority is a 502 with the system's authorities", async (t) => {
  const { server, upstream } = await over_tls_upstream(t, theirs, () => ({}));
  await assert_not_trusted(server, upstream);
});

test('a provider with a certificate for another name is a 502', async (t) => {
  const elsewhere = await make_certificates('DNS:elsewhere.example');
  const { server, upstream } = await over_tls_upstream(t, elsewhere, () => ({ ca_file: elsewhere.authority.file }));
  await assert_not_trusted(server, upstream);
});

test('a provider that does not speak TLS is a 502', async (t) => {
  const upstream = await start_upstream(t);
  const base_url = upstream.base_url.replace('http:', 'https:');
  const server = await serve_over(t, upstream, { providers: { fake: { kind: 'openai', base_url } } });
  await assert_not_trusted(server, upstream);
});

test('a certificate that cannot be used stops the start with one sentence', async () => {
  const folder = temporary_folder();
  const file = join(folder, 'forebay.yaml');
  for (const certificate of [join(folder, 'missing.pem'), theirs.key.file, theirs.certificate.file]) {
    writeFileSync(file, JSON.stringify({ listen: '127.0.0.1:0', tls: { certificate, private_key: ours.key.file } }));
    const child = await forebay(['serve', '--config', file, '--data', join(folder, 'data')]);
    assert.ok([1, 2].includes(child.code), child.output);
    assert.ok(child.stderr.includes(certificate) || child.stderr.includes(ours.key.file), child.output);
  }
});
