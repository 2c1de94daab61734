// Rules about size: files, functions, lines. There are no exceptions to list: split instead.
import { functions_of } from './cpp_text.mjs';

const code_files = /(?:\.(?:cpp|h|mjs|js|ts|tsx|sh|cmake|sql|css)|(?:^|\/)(?:CMakeLists\.txt|run|test))$/;
const cpp = /\.(?:cpp|h)$/;
const cpp_and_sql = /\.(?:cpp|h|sql)$/;
// A raw string of a test is data: what goes over the wire, on one line as it does there.
const is_test = (path) => /_test\.cpp$/.test(path);
// Dumps that a program wrote.
const written_by_hand = (path) => !path.includes('/fixtures/');

export const file_lines_max = 600;
export const function_lines_max = 70;
export const columns_max = 120;
// Scripts say whole sentences in one string.
export const script_columns_max = 150;

export const size_rules = [
  {
    name: 'file_lines',
    check(tree) {
      return tree
        .paths(code_files)
        .map((path) => ({ path, count: tree.lines(path).length }))
        .filter(({ count }) => count > file_lines_max)
        .map(({ path, count }) => ({
          path,
          line: file_lines_max + 1,
          message: `${count} lines; at most ${file_lines_max} (aim for 300): split the file by what its parts are about`,
        }));
    },
    bad: [{ 'src/x/a.cpp': 'int a;\n'.repeat(601) }],
    good: [{ 'src/x/a.cpp': 'int a;\n'.repeat(600), 'package-lock.json': '\n'.repeat(5000) }],
  },
  {
    name: 'function_lines',
    check(tree) {
      return tree.paths(cpp).flatMap((path) =>
        functions_of(tree.text(path))
          .filter(({ lines }) => lines > function_lines_max)
          .map(({ name, line, lines }) => ({
            path,
            line,
            message: `${name} has ${lines} lines; at most ${function_lines_max}: name its parts and call them`,
          })),
      );
    },
    bad: [
      { 'src/x/a.cpp': `namespace a {\nint f(int x) {\n${'    x += 1;\n'.repeat(69)}}\n}\n` },
      { 'src/x/a.h': `struct A {\nprivate:\n    A() : b_{1} {}\n    int f() const {\n${'if (x) { y(); }\n'.repeat(70)}}\n};\n` },
      { 'src/x/a_test.cpp': `TEST(Thing, Works) {\n${'    g([&] { h(); });\n'.repeat(70)}}\n` },
    ],
    good: [
      { 'src/x/a.cpp': `namespace a {\nint f(int x) {\n${'    x += 1;\n'.repeat(68)}}\n}\n` },
      { 'src/x/a.h': `class A {\npublic:\n${'    int f() { return 1; }\n'.repeat(90)}};\n` },
      { 'src/x/b.cpp': `const int table[] = {\n${'    1, 2,\n'.repeat(90)}};\n` },
      { 'src/x/c.cpp': `int f() { return g("{"); }  // {\n${"char c = '{'; int n = 1'000;\n".repeat(90)}` },
    ],
  },
  {
    name: 'columns',
    check(tree) {
      return tree.paths(code_files).filter(written_by_hand).flatMap((path) => {
        const limit = cpp_and_sql.test(path) ? columns_max : script_columns_max;
        return tree
          .lines(path)
          .map((text, index) => ({ text, line: index + 1, count: [...text].length }))
          .filter(({ count }) => count > limit)
          .filter(({ text }) => !(is_test(path) && text.includes('R"')))
          .map(({ line, count }) => ({ path, line, message: `${count} columns; at most ${limit}: break the line` }));
      });
    },
    bad: [{ 'src/x/a.cpp': `// ${'a'.repeat(118)}\n` }, { 'a.mjs': `// ${'a'.repeat(148)}\n` }],
    good: [{ 'src/x/a_test.cpp': `auto s = R"(${'a'.repeat(118)})";\n`, 'src/x/a.cpp': `// ${'é'.repeat(117)}\n`, 'a.sh': `# ${'a'.repeat(148)}\n` }],
  },
];
