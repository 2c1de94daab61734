// A provider under the test's control. It remembers the exact bytes of each request and answers with
// whatever `respond` writes, down to where one TCP write ends and the next begins.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { chat_completion } from './shapes.mjs';

export class Upstream {
  constructor(server, scheme) {
    this.server = server;
    this.scheme = scheme;
    this.requests = []; // {method, url, headers, raw_headers, body (Buffer), text, json()}
    this.open_responses = new Set();
    this.respond = (_request, response) => send_json(response, 200, chat_completion());
  }

  get url() {
    return `${this.scheme}://127.0.0.1:${this.server.address().port}`;
  }

  get base_url() {
    return `${this.url}/v1`;
  }

  get last() {
    return this.requests.at(-1);
  }

  async receive(request, response) {
    this.open_responses.add(response);
    response.on('close', () => this.open_responses.delete(response));
    const parts = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      return; // the caller went away in the middle of its body
    }
    const body = Buffer.concat(parts);
    const seen = {
      method: request.method,
      url: request.url,
      headers: request.headers,
      raw_headers: request.rawHeaders,
      body,
      text: body.toString('utf8'),
      json: () => JSON.parse(body.toString('utf8')),
    };
    this.requests.push(seen);
    try {
      await this.respond(seen, response);
    } catch (error) {
      if (!response.destroyed) send_json(response, 500, { error: { message: `the fake upstream failed: ${error.stack}` } });
    }
  }

  async close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

// `tls`: {key, cert} in PEM makes it an HTTPS server.
export async function start_upstream(scope, { respond, tls } = {}) {
  const server = tls ? https.createServer(tls) : http.createServer();
  server.keepAliveTimeout = 60_000;
  const upstream = new Upstream(server, tls ? 'https' : 'http');
  if (respond) upstream.respond = respond;
  server.on('request', (request, response) => void upstream.receive(request, response));
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope?.after(() => upstream.close());
  return upstream;
}

// A port on which nothing listens, at least for now.
export async function closed_port() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export function send_json(response, status, body, headers = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

export function begin_stream(response, headers = {}) {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...headers });
  response.socket?.setNoDelay(true);
}

// One event per write, as providers do; `done: false` leaves [DONE] away.
export function send_stream(response, events, { headers, newline = '\n', done = true } = {}) {
  begin_stream(response, headers);
  const all = done ? [...events, '[DONE]'] : events;
  for (const event of all) {
    const data = typeof event === 'string' ? event : JSON.stringify(event);
    response.write(`data: ${data}${newline}${newline}`);
  }
  response.end();
}

// Writes each piece as a TCP segment of its own: the next one goes out only when the kernel has taken
// the one before and the reader has had a turn.
export async function write_apart(response, pieces, pause_ms = 5) {
  for (const piece of pieces) {
    if (response.destroyed) return;
    await new Promise((resolve) => response.write(piece, resolve));
    await pause(pause_ms);
  }
}

// Ends the connection without the end of the response.
export function cut(response) {
  response.socket?.destroy();
}
