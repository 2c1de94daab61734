# shellcheck shell=bash
# Shell functions shared by ./run, ./test and third_party/. Source it; it runs nothing by itself.

say()  { printf '[%s] %s\n' "$(date +%T)" "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

forebay_cache() { printf '%s' "${FOREBAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/forebay}"; }

# need_disk FOLDER MEGABYTES [ADVICE]: stops with one sentence where the disk has less.
need_disk() {
  mkdir -p "$1" || fail "cannot create the folder $1"
  local free
  free=$(df -Pm "$1" | awk 'NR==2 {print $4}')
  [ "$free" -ge "$2" ] || fail "$1 has $free MB free and this step needs $2 MB: ${3:-free some disk or set FOREBAY_CACHE to another folder}"
}

# patiently LOG WHAT COMMAND…: keeps the output in LOG, says WHAT each ten seconds, and returns the
# command's status. The command stays in the foreground, so that Ctrl-C ends it.
patiently() {
  local log=$1 what=$2 started=$SECONDS status=0 clock
  shift 2
  (
    trap 'kill "$nap" 2>/dev/null; exit 0' TERM
    while kill -0 $$ 2>/dev/null; do
      sleep 10 >/dev/null 2>&1 &
      nap=$!
      wait "$nap"
      say "$what ($((SECONDS - started)) s so far)"
    done
  ) </dev/null >/dev/null &
  clock=$!
  "$@" </dev/null >"$log" 2>&1 || status=$?
  kill "$clock" 2>/dev/null || true
  wait "$clock" 2>/dev/null || true
  return "$status"
}

# quietly LOG COMMAND…: keeps the output in LOG and shows its end only when the command fails.
quietly() {
  local log=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "'$*' failed; the whole output is in $log"
  fi
}

# npm_source PACKAGE FOLDER: unpacks the version that third_party/package-lock.json pins, after checking
# its integrity hash. Only the package itself: its JavaScript dependencies are of no use here.
npm_source() {
  local package=$1 folder=$2 lock version integrity tarball sum
  lock="$(cd "$(dirname "${BASH_SOURCE[0]}")/../third_party" && pwd)/package-lock.json"
  version=$(node -p "require('$lock').packages['node_modules/$package'].version")
  integrity=$(node -p "require('$lock').packages['node_modules/$package'].integrity")
  mkdir -p "$folder"
  quietly "$folder/npm.log" npm pack --silent --pack-destination "$folder" "$package@$version"
  tarball=$(ls "$folder"/*.tgz)
  sum=$(node -p "'sha512-'+require('crypto').createHash('sha512').update(require('fs').readFileSync('$tarball')).digest('base64')")
  [ "$sum" = "$integrity" ] || fail "$package@$version does not have the hash that third_party/package-lock.json names; do not use it"
  tar -xzf "$tarball" -C "$folder" --strip-components=1
  rm -f "$tarball"
}

# ninja_with_progress FOLDER NAME [TARGET…]: one line each ten seconds, the errors on failure.
ninja_with_progress() {
  local folder=$1 name=$2 log="$1/ninja.log" shown=$SECONDS line
  shift 2
  if ! NINJA_STATUS='[%f/%t] ' ninja -C "$folder" "$@" 2>&1 | tee "$log" | while IFS= read -r line; do
      if [[ $line == \[*/*\]* ]] && [ $((SECONDS - shown)) -ge 10 ]; then
        shown=$SECONDS
        say "building $name ${line%%]*}]"
      fi
    done; then
    grep -A 30 -m 3 -E '^FAILED|error:' "$log" >&2 || tail -n 30 "$log" >&2
    fail "building $name failed; the whole output is in $log"
  fi
}
