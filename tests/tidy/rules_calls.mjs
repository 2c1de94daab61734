// Rules about what C++ code may not say, each with what to say instead.
import { line_of } from './cpp_text.mjs';

const cpp = /^(?:src|tests|bench|examples)\/.*\.(?:cpp|h)$/;
const is_test = (path) => /_test\.cpp$/.test(path) || path.startsWith('tests/');
const in_src = (path) => path.startsWith('src/');
// What a program says to its user; error.cpp and log.cpp are how it says the rest.
const may_print = (path) => /^src\/(?:app\/|base\/(?:error|log)\.cpp$)/.test(path) || !in_src(path) || is_test(path);

const number_type =
  '(?:unsigned|signed)?\\s*(?:int|long|short|char|double|float|unsigned|size_t|std::size_t|(?:std::)?u?int\\d+_t)';

// `pattern` is looked for in code without comments and literals; `where` is every C++ file unless it says.
const table = [
  {
    name: 'detach',
    pattern: /(?:\.|->)detach\s*\(\s*\)/g,
    instead: 'keep the std::jthread as a member and join it in stop()',
    bad: 't.detach();',
    good: 'detach_all();',
  },
  {
    name: 'detached',
    pattern: /\bdetached\b/g,
    instead: 'spawn with a completion handler into a group that stop() waits for',
    bad: 'co_spawn(x, f(), asio::detached);',
    good: 'auto semi_detached = 1;',
  },
  {
    name: 'sleep',
    pattern: /\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(/g,
    instead: 'wait for the event: a timer of the io_context, a condition variable, or injected time in a test',
    bad: 'std::this_thread::sleep_for(1s);',
    good: 'oversleep(1);',
    where: (path) => in_src(path) || is_test(path),
  },
  {
    name: 'regex',
    pattern: /\bstd::(?:basic_)?w?(?:regex|smatch|cmatch)\b/g,
    instead: 'write a small scanner: std::regex is slow and may exhaust the stack',
    bad: 'std::regex r("a");',
    good: 'my::regex r;',
  },
  {
    name: 'rand',
    pattern: /(?<![\w.>:])s?rand\s*\(|\bstd::s?rand\s*\(/g,
    instead: 'fill_random() for secrets, a seeded std::mt19937_64 that a test can name for the rest',
    bad: 'int x = rand();',
    good: 'x.rand(); strand(1);',
  },
  {
    name: 'c_strings',
    pattern: /\b(?:strcpy|strncpy|strcat|strncat|sprintf|vsprintf|gets|strtok)\s*\(/g,
    instead: 'std::string, fmt::format, std::string_view::find',
    bad: 'strcpy(a, b);',
    good: 'snprintf(a, 3, b); widgets(1);',
  },
  {
    name: 'endl',
    pattern: /\bstd::endl\b/g,
    instead: "'\\n': std::endl flushes each line",
    bad: 'out << std::endl;',
    good: "out << '\\n';",
  },
  {
    name: 'printing',
    pattern: /\b(?:printf|fprintf|puts|fputs|putchar)\s*\(|\bstd::(?:cout|cerr|clog)\b|\bfmt::print\s*\(/g,
    instead: 'log::info() and the like: only app/ prints',
    bad: 'std::cout << 1;',
    good: 'fmt::format("{}", 1); snprintf(a, 1, b);',
    where: (path) => !may_print(path),
  },
  {
    name: 'delete',
    pattern: /(?<!=\s*)\bdelete\b(?:\s*\[\s*\])?(?:\s+[\w:]|\s*[(*])/g,
    instead: 'a std::unique_ptr owns it',
    bad: 'delete p;',
    good: 'A(A&&) = delete;\nA(const A&) =\n    delete;',
  },
  {
    name: 'assert',
    pattern: /(?<!\w)assert\s*\(/g,
    instead: 'FOREBAY_CHECK, which also holds in release',
    bad: 'assert(x);',
    good: 'static_assert(x);',
  },
  {
    name: 'namespace_std',
    pattern: /\busing\s+namespace\s+std\s*;/g,
    instead: 'std:: in front of the name',
    bad: 'using namespace std;',
    good: 'using namespace std::chrono_literals;',
  },
  {
    name: 'shared_new',
    pattern: /\bshared_ptr\s*<[^;{}]*>\s*\w*\s*[({]\s*new\b/g,
    instead: 'std::make_shared: one allocation',
    bad: 'std::shared_ptr<T>(new T());',
    good: 'std::make_shared<T>();',
  },
  {
    name: 'number_parsing',
    pattern: /\b(?:std::sto(?:i|l|ul|ll|ull|f|d|ld)|ato(?:i|l|ll|f)|strto(?:l|ul|ll|ull|f|d|ld)|sscanf)\s*\(/g,
    instead: 'std::from_chars: no locale, no exception, and the end is checked',
    bad: 'int n = std::stoi(text);',
    good: 'std::from_chars(a, b, n); mastoi(1);',
  },
  {
    name: 'shell',
    pattern: /(?<![\w.>])(?:std::)?(?:system|popen)\s*\(/g,
    instead: 'posix_spawn with an argument list: no shell reads the text',
    bad: 'system("ls");',
    good: 'file_system(1); x.system();',
    where: (path) => !is_test(path),
  },
  {
    name: 'temporary_names',
    pattern: /\b(?:tmpnam|tempnam|mktemp)\s*\(/g,
    instead: 'mkstemp or mkdtemp: another process cannot come between',
    bad: 'tmpnam(a);',
    good: 'mkstemp(a);',
  },
  {
    name: 'null',
    pattern: /\bNULL\b/g,
    instead: 'nullptr',
    bad: 'f(NULL);',
    good: 'f(nullptr); NULLABLE;',
  },
  {
    name: 'c_casts',
    pattern: new RegExp(`(?<![\\w>)\\]]\\s*)\\(${number_type}\\s*\\**\\)\\s*[\\w(*&+-]`, 'g'),
    instead: 'static_cast',
    bad: 'x = (int)y;',
    good: 'std::function<void(int)> f; g(sizeof(int) + 1); auto h = [](int) { return 1; }; x.f(1)(int(2));',
  },
  {
    name: 'names',
    pattern: /\b(?:class|struct|namespace|enum|using)\s+\w*(?:Manager|Helper|Util)s?\b/gi,
    instead: 'name what it does: store, pool, writer, reader …',
    bad: 'class KeyManager {};',
    good: 'class KeyManagerless {};',
  },
  {
    name: 'vague_verbs',
    pattern: /(?<![\w.>])(?:process|handle)\s*\(/g,
    instead: 'say of what: parse_line, answer, drain',
    bad: 'void process(int x);',
    good: 'native_handle(); process_line(1); p.handle();',
    where: in_src,
  },
];

function matches(tree, path, pattern, message) {
  const { code } = tree.view(path);
  return [...code.matchAll(pattern)].map((match) => ({ path, line: line_of(code, match.index), message }));
}

const table_rules = table.map(({ name, pattern, instead, bad, good, where = () => true }) => ({
  name,
  check(tree) {
    const message = `'${name.replace('_', ' ')}' is banned; instead: ${instead}`;
    return tree.paths(cpp).filter(where).flatMap((path) => matches(tree, path, pattern, message));
  },
  bad: [{ 'src/x/a.cpp': `${bad}\n` }],
  good: [{ 'src/x/a.cpp': `${good}\n// ${bad}\nauto s = R"(${bad})";\n` }],
}));

// The rest of the statement from `at`: to its `;`, or to the bracket that closes around it.
function statement_from(code, at) {
  let depth = 0;
  for (let end = at; end < code.length; end += 1) {
    if ('([{'.includes(code[end])) depth += 1;
    if (')]}'.includes(code[end]) && --depth < 0) return code.slice(at, end);
    if (code[end] === ';' && depth === 0) return code.slice(at, end);
  }
  return code.slice(at);
}

const shape_rules = [
  {
    name: 'raw_new',
    check(tree) {
      return tree.paths(cpp).flatMap((path) => {
        const { code } = tree.view(path);
        return [...code.matchAll(/\bnew\b\s+[A-Za-z_:(]/g)]
          .filter(({ index }) => {
            const before = code.slice(0, index);
            const statement = before.slice(Math.max(...[';', '{', '}'].map((c) => before.lastIndexOf(c))) + 1);
            return !/unique_ptr|\.reset\s*\(|->reset\s*\(/.test(statement);
          })
          .map(({ index }) => ({
            path,
            line: line_of(code, index),
            message: "'new' is banned; instead: std::make_unique (std::unique_ptr<T>(new T) for a private constructor)",
          }));
      });
    },
    bad: [{ 'src/x/a.cpp': 'auto* p = new Thing(1);\n' }],
    good: [{ 'src/x/a.cpp': 'return std::unique_ptr<Thing>(new Thing(1));\np.reset(new Impl);\n// a new thing\n' }],
  },
  {
    name: 'await_temporaries',
    check(tree) {
      return tree.paths(cpp).flatMap((path) => {
        const { code } = tree.view(path);
        return [...code.matchAll(/\bco_await\b/g)]
          .filter(({ index }) => {
            const statement = statement_from(code, index);
            const lambda = statement.search(/[(,]\s*\[/);
            const looked_at = lambda < 0 ? statement : statement.slice(0, lambda);
            return /[(,]\s*(?:[\w:]*\b[A-Z]\w*(?:<[^;(){}]*>)?\s*)?\{\s*[^\s}]/.test(looked_at);
          })
          .map(({ index }) => ({
            path,
            line: line_of(code, index),
            message: 'an aggregate is made inside co_await: name it, move it, await it',
          }));
      });
    },
    bad: [
      { 'src/x/a.cpp': 'auto r = co_await f(Request{.name = s});\n' },
      { 'src/x/a.cpp': 'co_await f({s, t});\n' },
      { 'src/x/a.cpp': 'FOREBAY_CO_TRY(auto r, co_await f(a,\n    net::Request{s}));\n' },
    ],
    good: [
      { 'src/x/a.cpp': 'auto q = Request{.name = s};\nauto r = co_await f(std::move(q));\nreturn g({s, t});\n' },
      { 'src/x/a.cpp': 'if (auto r = co_await f(a); !r) {\n    g(T{1});\n}\nco_await f([] { return T{1}; });\n' },
    ],
  },
];

const code_files = /\.(?:cpp|h|mjs|js|ts|tsx|sh|cmake|sql)$/;
// Written in two halves, so that this file does not break its own rule.
const open_task = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK'].join('|')})\\b(?!\\(#?\\d+\\))`);

const text_rules = [
  {
    name: 'open_tasks',
    check(tree) {
      return lines_matching(tree, code_files, open_task, 'name the issue, as in TO' + 'DO(12), or do it now');
    },
    bad: [{ 'src/x/a.cpp': `// ${'TO' + 'DO'}: later\n` }],
    good: [{ 'src/x/a.cpp': `// ${'TO' + 'DO'}(12): later\n` }],
  },
  {
    name: 'banners',
    check(tree) {
      const banner = /^\s*(?:\/\/|#|--)\s*(?:[-=*#~]\s?){6,}/;
      return lines_matching(tree, code_files, banner, 'no banners: a file with sections is two files');
    },
    bad: [{ 'src/x/a.cpp': `// ${'-'.repeat(20)}\n` }],
    good: [{ 'src/x/a.cpp': '// a - b -- c\n' }],
  },
  {
    name: 'file_names',
    check(tree) {
      return tree
        .paths(/^(?:src|bench|tests|scripts)\/.*(?:^|[_/])(?:util|utils|helper|helpers|manager|misc|common)\.\w+$/)
        .map((path) => ({ path, line: 1, message: 'name the file after what is in it' }));
    },
    bad: [{ 'src/x/string_utils.h': '' }],
    good: [{ 'src/x/utf8.h': '' }],
  },
  {
    name: 'shell_strict',
    check(tree) {
      return tree
        .paths(/(?:\.sh|(?:^|\/)(?:run|test))$/)
        .filter((path) => /^#!.*\bbash\b/.test(tree.text(path)) && !/^set -euo pipefail$/m.test(tree.text(path)))
        .map((path) => ({ path, line: 2, message: 'begin with: set -euo pipefail' }));
    },
    bad: [{ 'scripts/a.sh': '#!/usr/bin/env bash\nls\n' }],
    good: [{ 'scripts/a.sh': '#!/usr/bin/env bash\nset -euo pipefail\nls\n' }],
  },
];

function lines_matching(tree, files, pattern, message) {
  return tree.paths(files).flatMap((path) =>
    tree
      .lines(path)
      .map((text, index) => ({ path, line: index + 1, message, hit: pattern.test(text) }))
      .filter(({ hit }) => hit),
  );
}

export const call_rules = [...table_rules, ...shape_rules, ...text_rules];
