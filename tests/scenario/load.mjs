// Callers that call without a pause until the server dies under them, and remember which calls were
// whole: the id of each response whose last byte arrived.
import http from 'node:http';

const body_of = (stream) =>
  JSON.stringify({ model: 'fake', messages: [{ role: 'user', content: 'Hello.' }], ...(stream ? { stream } : {}) });

function call(agent, port, key, stream) {
  return new Promise((resolve) => {
    const body = body_of(stream);
    const request = http.request(
      {
        agent,
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/v1/chat/completions',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        const id = response.headers['x-request-id'];
        let tail = '';
        response.on('data', (part) => (tail = (tail + part.toString('latin1')).slice(-32)));
        response.on('close', () => {
          const whole = response.complete && (!stream || tail.includes('data: [DONE]'));
          resolve({ id, status: response.statusCode, whole });
        });
        response.on('error', () => undefined);
      },
    );
    request.on('error', () => resolve({ whole: false }));
    request.end(body);
  });
}

// Starts `count` callers; every second one streams. stop() ends them and returns
// {completed: [id], refused: [status]}.
export function start_load(port, key, count) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: count });
  const completed = [];
  const refused = [];
  let going = true;
  const caller = async (stream) => {
    while (going) {
      const { id, status, whole } = await call(agent, port, key, stream);
      if (whole && status === 200) completed.push(id);
      else if (whole) refused.push(status);
      else return; // the connection broke: the server is gone
    }
  };
  const callers = Array.from({ length: count }, (_, index) => caller(index % 2 === 1));
  return {
    completed,
    async stop() {
      going = false;
      await Promise.all(callers);
      agent.destroy();
      return { completed, refused };
    },
  };
}
