// One TCP connection that sends any bytes and reads responses one by one: for what no well-behaved
// client would send.
import net from 'node:net';
import { once } from 'node:events';

import { within } from './eventually.mjs';

export class RawConnection {
  constructor(socket) {
    this.socket = socket;
    this.buffer = Buffer.alloc(0);
    this.ended = false; // the other side closed or reset
    this.waiting = [];
    socket.on('data', (data) => {
      this.buffer = Buffer.concat([this.buffer, data]);
      this.wake();
    });
    socket.on('error', () => this.end());
    socket.on('end', () => this.end());
    socket.on('close', () => this.end());
  }

  end() {
    this.ended = true;
    this.wake();
  }

  wake() {
    for (const resume of this.waiting.splice(0)) resume();
  }

  send(data) {
    this.socket.write(data);
  }

  close() {
    this.socket.destroy();
  }

  async more() {
    if (this.ended) throw new Error(`the connection ended; unread: ${JSON.stringify(this.buffer.toString('latin1').slice(0, 500))}`);
    await within(30_000, 'an answer on a raw connection', new Promise((resume) => this.waiting.push(resume)));
  }

  async until_closed(timeout_ms = 30_000) {
    const end = async () => {
      while (!this.ended) await new Promise((resume) => this.waiting.push(resume));
    };
    await within(timeout_ms, 'the end of a raw connection', end());
    return this.buffer.toString('latin1');
  }

  async take(count) {
    while (this.buffer.length < count) await this.more();
    const part = this.buffer.subarray(0, count);
    this.buffer = this.buffer.subarray(count);
    return part;
  }

  async take_line() {
    let end;
    while ((end = this.buffer.indexOf('\r\n')) < 0) await this.more();
    const line = (await this.take(end + 2)).subarray(0, -2);
    return line.toString('latin1');
  }

  async head() {
    const status_line = await this.take_line();
    const match = status_line.match(/^HTTP\/(1\.[01]) (\d{3})/);
    if (!match) throw new Error(`not a status line: ${JSON.stringify(status_line)}`);
    const headers = {};
    for (let line = await this.take_line(); line !== ''; line = await this.take_line()) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    return { version: match[1], status: Number(match[2]), headers };
  }

  async chunked_body() {
    const parts = [];
    for (;;) {
      const size = Number.parseInt(await this.take_line(), 16);
      if (size === 0) break;
      parts.push(Buffer.from(await this.take(size)));
      await this.take_line();
    }
    while ((await this.take_line()) !== '');
    return Buffer.concat(parts);
  }

  // The next response: {status, version, headers, body}.
  async response() {
    const head = await this.head();
    let body = Buffer.alloc(0);
    if (head.headers['transfer-encoding'] === 'chunked') {
      body = await this.chunked_body();
    } else if (head.headers['content-length'] !== undefined) {
      body = Buffer.from(await this.take(Number(head.headers['content-length'])));
    } else if (head.status >= 200 && head.status !== 204 && head.status !== 304) {
      await this.until_closed();
      body = this.buffer;
      this.buffer = Buffer.alloc(0);
    }
    return { ...head, body: body.toString('utf8'), json: () => JSON.parse(body.toString('utf8')) };
  }
}

export async function connect_raw(scope, port, options = {}) {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, ...options });
  await within(30_000, 'a raw connection', once(socket, 'connect'));
  const connection = new RawConnection(socket);
  scope?.after(() => connection.close());
  return connection;
}

// The bytes of a whole POST with a JSON body.
export function post_bytes(path, body, { key, headers = [], version = '1.1' } = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lines = [
    `POST ${path} HTTP/${version}`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...(key ? [`Authorization: Bearer ${key}`] : []),
    ...headers,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`);
}
