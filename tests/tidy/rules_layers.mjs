// Rules about modules: floors, what a header and a folder must have, where SQL may be.
import { line_of } from './cpp_text.mjs';

const cpp = /\.(?:cpp|h)$/;
const in_src = /^src\/.*\.(?:cpp|h)$/;
const is_test = (path) => /_(?:test|bench)\.cpp$/.test(path);
const module_of = (path) => path.split('/')[1];

// {name: {floor, test_deps}} from the forebay_module() calls.
export function modules_of(tree) {
  const modules = new Map();
  for (const path of tree.paths(/^src\/\w+\/CMakeLists\.txt$/)) {
    const text = tree.text(path).replace(/#.*/g, '');
    const floor = text.match(/\bFLOOR\s+(\d+)/)?.[1];
    const test_deps = text.match(/\bTEST_DEPS\s+([\w\s:]+?)(?=\b[A-Z_]{4,}\b|\))/)?.[1] ?? '';
    if (!floor) continue;
    modules.set(module_of(path), { floor: Number(floor), test_deps: test_deps.match(/(?<=forebay_)\w+/g) ?? [] });
  }
  return modules;
}

function source_modules(tree) {
  return [...new Set(tree.paths(in_src).map(module_of))];
}

function includes_of(tree, path) {
  const text = tree.view(path).uncommented;
  return [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]/gm)].map((match) => ({
    quoted: match[1] === '"',
    target: match[2],
    line: line_of(text, match.index),
  }));
}

// Two modules on two floors, for the examples.
function two_modules(low_floor, high_floor, more = {}) {
  return {
    'src/low/CMakeLists.txt': `forebay_module(NAME low FLOOR ${low_floor} SOURCES a.cpp)`,
    'src/low/b.h': '',
    'src/high/CMakeLists.txt': `forebay_module(NAME high FLOOR ${high_floor} SOURCES a.cpp TEST_DEPS forebay_low)`,
    'src/high/b.h': '',
    ...more,
  };
}

export const layer_rules = [
  {
    name: 'floors',
    check(tree) {
      const modules = modules_of(tree);
      const found = [];
      for (const path of tree.paths(in_src)) {
        const own = module_of(path);
        for (const { quoted, target, line } of includes_of(tree, path)) {
          const other = target.split('/')[0];
          if (!quoted || other === own || !tree.folders.has(`src/${other}`)) continue;
          const [a, b] = [modules.get(own), modules.get(other)];
          if (!a || !b) {
            found.push({ path, line, message: `src/${a ? other : own} has no forebay_module() with a FLOOR` });
          } else if (b.floor >= a.floor && !(is_test(path) && a.test_deps.includes(other))) {
            const upward = `${own} (floor ${a.floor}) may not include ${other} (floor ${b.floor})`;
            const message = `${upward}: declare an interface in the lower module and let app/ supply the other`;
            found.push({ path, line, message });
          }
        }
      }
      return found;
    },
    bad: [
      two_modules(1, 2, { 'src/low/a.cpp': '#include "high/b.h"\n' }),
      two_modules(1, 1, { 'src/high/a.cpp': '#include "low/b.h"\n' }),
      two_modules(1, 1, { 'src/low/a_test.cpp': '#include "high/b.h"\n' }),
      { 'src/one/a.cpp': '#include "two/b.h"\n', 'src/two/b.h': '' },
    ],
    good: [
      two_modules(1, 2, { 'src/high/a.cpp': '#include "low/b.h"\n// #include "high/z.h"\n' }),
      two_modules(1, 1, { 'src/high/a_test.cpp': '#include "low/b.h"\n' }),
    ],
  },
  {
    name: 'include_form',
    check(tree) {
      return tree.paths(in_src).flatMap((path) =>
        includes_of(tree, path)
          .filter(({ quoted, target }) => quoted && (!target.includes('/') || target.includes('..')))
          .map(({ target, line }) => ({
            path,
            line,
            message: `"${target}": write the module too, as in "base/error.h"`,
          })),
      );
    },
    bad: [{ 'src/x/a.cpp': '#include "a.h"\n' }, { 'src/x/a.cpp': '#include "../base/error.h"\n' }],
    good: [{ 'src/x/a.cpp': '#include "x/a.h"\n#include <vector>\n' }],
  },
  {
    name: 'no_boost',
    check(tree) {
      return tree.paths(/^src\/(?:engine|base)\/.*\.(?:cpp|h)$/).flatMap((path) => {
        const code = tree.view(path).uncommented;
        return [...code.matchAll(/<boost\/|\bboost::|"exec\//g)].map((match) => ({
          path,
          line: line_of(code, match.index),
          message: 'no Boost in engine/ and base/, which also build on a machine without it: use the standard library',
        }));
      });
    },
    bad: [{ 'src/engine/a.cpp': '#include <boost/asio.hpp>\n' }, { 'src/base/a.h': '#include "exec/task.h"\n' }],
    good: [{ 'src/net/a.cpp': '#include <boost/asio.hpp>\n', 'src/base/a.h': '// boost:: is named only here\n' }],
  },
  {
    name: 'pragma_once',
    check(tree) {
      return tree
        .paths(/^(?:src|bench|tests|examples)\/.*\.h$/)
        .filter((path) => !/^#pragma once$/m.test(tree.text(path)))
        .map((path) => ({ path, line: 1, message: 'write #pragma once after the opening comment' }));
    },
    bad: [{ 'src/x/a.h': '#ifndef A\n#define A\n#endif\n' }],
    good: [{ 'src/x/a.h': '// A.\n#pragma once\n' }],
  },
  {
    name: 'sql',
    check(tree) {
      const change = 'INSERT\\s+(?:OR\\s+\\w+\\s+)?INTO|UPDATE\\s+\\w+\\s+SET|DELETE\\s+FROM';
      const schema = '(?:CREATE|DROP|ALTER)\\s+(?:UNIQUE\\s+)?(?:TABLE|INDEX|VIEW|TRIGGER)';
      const statement = new RegExp(`\\b(?:SELECT\\s[\\s\\S]*\\bFROM|${change}|${schema})\\b`);
      const message = "SQL belongs in src/storage/migrations/ or in the module's statements.h";
      const allowed = /^src\/storage\/migrations\/|\/statements\.h$|^src\/storage\/\w+_test\.cpp$/;
      return tree
        .paths(cpp)
        .filter((path) => !allowed.test(path))
        .flatMap((path) =>
          tree
            .view(path)
            .strings.filter(({ text }) => statement.test(text))
            .map(({ line }) => ({ path, line, message })),
        );
    },
    bad: [
      { 'src/keys/key_store.cpp': 'auto s = "SELECT id FROM key WHERE id = $1";\n' },
      { 'src/keys/a.cpp': 'f(R"sql(\nDELETE FROM key)sql");\n' },
      { 'src/keys/a.cpp': 'f("CREATE UNIQUE INDEX a ON b (c)");\n' },
    ],
    good: [
      { 'src/keys/statements.h': 'auto s = "SELECT id FROM key";\n' },
      { 'src/x/a.cpp': '// SELECT a FROM b\nauto s = "please select one";\n' },
    ],
  },
  {
    name: 'module_readme',
    check(tree) {
      return source_modules(tree).flatMap((name) => {
        const path = `src/${name}/README.md`;
        const wanted = 'purpose, main types, threads, how it fails, in at most 40 lines';
        if (!tree.has(path)) return [{ path, line: 1, message: `missing: write ${wanted}` }];
        const count = tree.lines(path).length;
        return count > 40 ? [{ path, line: 41, message: `${count} lines: write ${wanted}` }] : [];
      });
    },
    bad: [{ 'src/x/a.cpp': '' }, { 'src/x/a.cpp': '', 'src/x/README.md': 'line\n'.repeat(41) }],
    good: [{ 'src/x/a.cpp': '', 'src/x/README.md': 'line\n'.repeat(40) }],
  },
  {
    name: 'module_in_architecture',
    check(tree) {
      const text = tree.texts.get('ARCHITECTURE.md') ?? '';
      return source_modules(tree)
        .filter((name) => !new RegExp(`(?:^|[\`|\\s])(?:src/)?${name}/`, 'm').test(text))
        .map((name) => ({ path: 'ARCHITECTURE.md', line: 1, message: `has no line about ${name}/: add it to the floors` }));
    },
    bad: [{ 'src/x/a.cpp': '', 'ARCHITECTURE.md': 'about y/\n' }],
    good: [{ 'src/x/a.cpp': '', 'ARCHITECTURE.md': '| 3 | `x/` | what it is |\n' }],
  },
];
