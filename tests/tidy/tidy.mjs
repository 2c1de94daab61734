// The tidy test: rules about the sources, each with what to do instead.
//
//   node tests/tidy/tidy.mjs                 every rule over the checkout
//   node tests/tidy/tidy.mjs --group calls   one group: layers, size, calls, docs
//   node tests/tidy/tidy.mjs --self-test     feeds each rule what it must catch and what it must let pass
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { call_rules } from './rules_calls.mjs';
import { doc_rules } from './rules_docs.mjs';
import { layer_rules } from './rules_layers.mjs';
import { size_rules } from './rules_size.mjs';
import { tree_from, tree_of } from './tree.mjs';

const groups = { layers: layer_rules, size: size_rules, calls: call_rules, docs: doc_rules };
const { values } = parseArgs({
  options: { group: { type: 'string' }, 'self-test': { type: 'boolean' }, root: { type: 'string' } },
});

function show({ path, line, message }, rule) {
  console.log(`${path}:${line}: ${message} [tidy.${rule.name}]`);
}

// A rule that cannot fail is worthless, and one that fails on good code is switched off sooner or later.
function self_test() {
  const rules = Object.values(groups).flat();
  const faults = [];
  for (const rule of rules) {
    if (rule.bad.length === 0 || rule.good.length === 0) faults.push(`${rule.name} has no example to be tested with`);
    rule.bad.forEach((files, index) => {
      if (rule.check(tree_from(files)).length === 0) faults.push(`${rule.name} does not catch its bad example ${index + 1}`);
    });
    rule.good.forEach((files, index) => {
      for (const { line, message } of rule.check(tree_from(files))) {
        faults.push(`${rule.name} complains about its good example ${index + 1}, line ${line}: ${message}`);
      }
    });
  }
  for (const fault of faults) console.log(fault);
  console.log(`${rules.length} rules tested, ${faults.length} faults`);
  return faults.length;
}

function check(rules) {
  const root = resolve(values.root ?? resolve(dirname(fileURLToPath(import.meta.url)), '../..'));
  const tree = tree_of(root);
  let count = 0;
  for (const rule of rules) {
    for (const finding of rule.check(tree)) {
      show(finding, rule);
      count += 1;
    }
  }
  console.log(`${tree.texts.size} files, ${rules.length} rules, ${count} findings`);
  return count;
}

if (values.group !== undefined && !groups[values.group]) {
  console.log(`there is no group '${values.group}'; the groups are ${Object.keys(groups).join(', ')}`);
  process.exit(2);
}
const rules = values.group ? groups[values.group] : Object.values(groups).flat();
process.exit((values['self-test'] ? self_test() : check(rules)) === 0 ? 0 : 1);
