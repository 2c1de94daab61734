// GET /v1/models.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assert_error_object } from '../../support/shapes.mjs';

export function model_cases(backend) {
  test('the list of models names what may be called', async () => {
    const models = [];
    for await (const model of backend.client.models.list()) models.push(model);

    assert.ok(models.some(({ id }) => id === backend.model), `only ${models.map(({ id }) => id)}`);
    for (const model of models) {
      assert.equal(model.object, 'model');
      assert.ok(Number.isInteger(model.created));
      assert.equal(typeof model.owned_by, 'string');
    }
  });

  test('one model is described by its name', async () => {
    const model = await backend.client.models.retrieve(backend.model);

    assert.equal(model.id, backend.model);
    assert.equal(model.object, 'model');
  });

  test('a model that does not exist is not found', async () => {
    await assert.rejects(backend.client.models.retrieve('no-such-model'), (error) => {
      assert.equal(error.constructor.name, 'NotFoundError');
      assert_error_object({ error: error.error }, { code: 'model_not_found' });
      return true;
    });
  });
}
