#!/usr/bin/env bash
# One lane of ./test: configures, builds and runs it, and leaves "passed failed skipped seconds" in
# build/LANE/result. lane.sh release|asan|tsan [quick], with llama_prefix and rank_files in the environment.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/lib.sh"
source "$root/scripts/packages.sh"
source "$root/scripts/steps.sh"
: "${llama_prefix:?start it through ./test --lane NAME}" "${rank_files:?start it through ./test --lane NAME}"

lane=$1 quick=${2-} folder=$root/build/$1
begun=$EPOCHREALTIME

# What to build (the targets are made in cmake/Lanes.cmake) and which of its tests to run.
case $lane$quick in
  release) targets=(all) which=() ;;
  releasequick) targets=(unit_tests) which=(-L '^(unit|tidy)$') ;;
  asan) targets=(unit_tests fuzz_targets) which=(-L '^(unit|fuzz)$') ;;
  tsan)
    targets=(tsan_tests)
    # Of the scenarios those that cross threads; a sanitizer makes all of them too slow.
    which=(-R '^(base|exec|net|storage|journal|engine|keys|runtime)\.|^scenario\.(drain|keys|kill_worker|protocol|queue|reload)$')
    ;;
  *) fail "there is no lane '$lane'" ;;
esac

# What the sanitizers are told; docs/decisions and CONTRIBUTING.md say how to read a report.
supp=$root/tests/sanitizers
symbolizer=$(command -v llvm-symbolizer-19 || true)
export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:external_symbolizer_path=$symbolizer"
export LSAN_OPTIONS="suppressions=$supp/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1:external_symbolizer_path=$symbolizer"
export TSAN_OPTIONS="suppressions=$supp/tsan.supp:second_deadlock_stack=1:external_symbolizer_path=$symbolizer"

# Reads ctest's output; a line each ten seconds, also while one long test runs.
show_progress() {
  local line place='' shown=$SECONDS status
  while :; do
    status=0
    IFS= read -r -t 10 line || status=$?
    if [ "$status" -gt 0 ] && [ "$status" -le 128 ]; then break; fi
    if [[ $line =~ ^\ *([0-9]+/[0-9]+)\ Test ]]; then place=${BASH_REMATCH[1]}; fi
    if [ $((SECONDS - shown)) -ge 10 ]; then
      shown=$SECONDS
      say "testing $lane [${place:-starting}]"
    fi
  done
}

step "$lane configure" configure "$lane"
step "$lane build" compile "$lane" "${targets[@]}"

say "testing $lane"
tests_begun=$EPOCHREALTIME
status=0
ctest --test-dir "$folder" -j "$(nproc)" --no-tests=error --output-on-failure \
  --output-junit "$folder/junit.xml" "${which[@]}" 2>&1 </dev/null | tee "$folder/ctest.log" | show_progress || status=$?
record_step "$lane tests" "$tests_begun"
record_step "$lane" "$begun"
seconds=$(awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d", b - a + 0.5 }')
node "$root/scripts/ctest_report.mjs" "$folder/junit.xml" "$folder/result" "$lane" "$seconds" "$status"
