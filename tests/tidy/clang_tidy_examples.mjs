// One example per check of .clang-tidy that the check must catch: a check that is switched off by
// another line, or that was renamed in a new clang-tidy, fails the self-test.
const task = `
#include <coroutine>
struct Task {
    struct promise_type {
        Task get_return_object() { return {}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
};
`;

export const bad_examples = {
  'bugprone-dangling-handle': `
#include <string>
#include <string_view>
std::string make();
std::string_view f() { std::string_view v = make(); return v; }
`,
  'bugprone-return-const-ref-from-parameter': `
int const& f(int const& a) { return a; }
`,
  'bugprone-string-constructor': `
#include <string>
std::string f() { return std::string('x', 5000000); }
`,
  'bugprone-suspicious-memory-comparison': `
#include <cstring>
struct A { char c; int i; };
bool f(A a, A b) { return std::memcmp(&a, &b, sizeof(A)) == 0; }
`,
  'bugprone-suspicious-realloc-usage': `
#include <cstdlib>
void f(void* p) { p = std::realloc(p, 10); }
`,
  'bugprone-use-after-move': `
#include <string>
#include <utility>
void take(std::string s);
std::size_t f(std::string s) { take(std::move(s)); return s.size(); }
`,
  'cppcoreguidelines-avoid-capturing-lambda-coroutines': `${task}
void f(int x) { auto g = [x]() -> Task { int y = x; (void)y; co_return; }; g(); }
`,
  'cppcoreguidelines-virtual-class-destructor': `
class Shape { public: virtual void draw() = 0; };
`,
  'google-explicit-constructor': `
class A { public: A(int x); };
`,
  'misc-coroutine-hostile-raii': `${task}
#include <mutex>
Task f(std::mutex& m) { std::lock_guard<std::mutex> lock(m); co_await std::suspend_always{}; }
`,
  'modernize-use-override': `
struct A { virtual ~A(); virtual void f(); };
struct B : A { virtual void f(); };
`,
  'performance-for-range-copy': `
#include <string>
#include <vector>
std::size_t f(const std::vector<std::string>& v) { std::size_t n = 0; for (const auto s : v) n += s.size(); return n; }
`,
  'readability-identifier-naming': `
class badly_named { int member; };
`,
};
