// All cases against one backend.
import { after, before, describe } from 'node:test';
import OpenAI from 'openai';

import { Scope } from '../support/eventually.mjs';
import { backends } from './backends.mjs';
import { chat_cases } from './cases/chat.mjs';
import { completion_cases } from './cases/completions.mjs';
import { error_cases } from './cases/errors.mjs';
import { model_cases } from './cases/models.mjs';
import { stream_cases } from './cases/stream.mjs';

export function client_of(backend, options = {}) {
  return new OpenAI({ apiKey: backend.key, baseURL: backend.base_url, maxRetries: 0, timeout: 60_000, ...options });
}

export function run_every_case(name) {
  const { start, traits } = backends[name];
  describe(name, () => {
    const backend = {}; // filled before the first case runs
    const scope = new Scope();
    before(async () => {
      Object.assign(backend, await start(scope));
      backend.client = client_of(backend);
      backend.new_client = (options) => client_of(backend, options);
    });
    after(() => scope.close());

    for (const cases of [chat_cases, stream_cases, completion_cases, model_cases, error_cases]) {
      cases(backend, traits);
    }
  });
}
