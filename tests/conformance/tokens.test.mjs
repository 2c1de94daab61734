// Counting through the vendors' own clients.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { Scope } from '../support/eventually.mjs';
import { serve_over } from '../support/forebay.mjs';
import { start_upstream } from '../support/upstream.mjs';

describe('counting', () => {
  const scope = new Scope();
  let openai;
  let anthropic;
  before(async () => {
    const upstream = await start_upstream(scope);
    const targets = [{ provider: 'fake' }];
    const server = await serve_over(scope, upstream, {
      models: { 'gpt-4o': { targets }, 'claude-sonnet-4-5': { targets } },
    });
    const apiKey = await server.key();
    openai = new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0 });
    anthropic = new Anthropic({ apiKey, baseURL: server.url, maxRetries: 0 });
  });
  after(() => scope.close());

  test("openai's responses.inputTokens.count", async () => {
    const counted = await openai.responses.inputTokens.count({ model: 'gpt-4o', input: 'hello world' });
    assert.deepEqual({ ...counted }, { object: 'response.input_tokens', input_tokens: 9 });

    const more = await openai.responses.inputTokens.count({
      model: 'gpt-4o',
      instructions: 'Be brief.',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'hello world' }] },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: '7' },
      ],
      tools: [{ type: 'function', name: 'f', strict: true, parameters: { type: 'object', properties: {} } }],
    });
    assert.ok(more.input_tokens > counted.input_tokens);

    await assert.rejects(openai.responses.inputTokens.count({ model: 'none', input: 'a' }), (error) => {
      assert.equal(error.constructor.name, 'NotFoundError');
      assert.equal(error.code, 'model_not_found');
      return true;
    });
  });

  test("Anthropic's messages.countTokens", async () => {
    const ask = { model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: 'hello world' }] };
    const { data, response } = await anthropic.messages.countTokens(ask).withResponse();
    assert.ok(Number.isInteger(data.input_tokens) && data.input_tokens > 2);
    assert.equal(response.headers.get('x-forebay-token-count'), 'estimate');

    const more = await anthropic.messages.countTokens({
      ...ask,
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [
        ...ask.messages,
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: '7' }] },
      ],
      tools: [{ name: 'f', description: 'Does.', input_schema: { type: 'object', properties: { a: { type: 'integer' } } } }],
    });
    assert.ok(more.input_tokens > data.input_tokens);

    await assert.rejects(anthropic.messages.countTokens({ ...ask, model: 'none' }), (error) => {
      assert.equal(error.constructor.name, 'NotFoundError');
      assert.equal(error.error.error.type, 'not_found_error');
      return true;
    });
    await assert.rejects(anthropic.messages.countTokens({ ...ask, messages: [] }), (error) => {
      assert.equal(error.constructor.name, 'BadRequestError');
      return true;
    });
  });
});
