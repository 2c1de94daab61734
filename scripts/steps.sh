# shellcheck shell=bash
# The steps that ./run and ./test share, each timed. Source it after lib.sh and packages.sh; `root` is
# the repository.
: "${root:?}"

# step NAME COMMAND…: runs it in this shell and appends its seconds to build/steps.tsv.
step() {
  local name=$1 started=$EPOCHREALTIME
  shift
  "$@"
  record_step "$name" "$started"
}

# record_step NAME STARTED: STARTED is an earlier $EPOCHREALTIME.
record_step() {
  local file=$root/build/steps.tsv
  [ -s "$file" ] || printf 'utc\tcommand\tstep\tseconds\n' >"$file"
  awk -v OFS='\t' -v utc="$(date -u +%FT%TZ)" -v by="${FOREBAY_COMMAND:-?}" -v name="$1" -v a="$2" -v b="$EPOCHREALTIME" \
    'BEGIN { printf "%s\t%s\t%s\t%.1f\n", utc, by, name, b - a }' >>"$file"
}

# What a bare machine must bring.
ensure_basics() {
  local tool
  for tool in git node npm; do
    command -v "$tool" >/dev/null || fail "$tool is missing: install it first (Debian: apt-get install git nodejs npm)"
  done
  [ "$(node -p 'Number(process.versions.node.split(".")[0])')" -ge 18 ] ||
    fail "node $(node --version) is too old: 18 or newer is needed"
}

ensure_llama() {
  llama_prefix=$("$root/third_party/llama.sh" | tail -n 1)
  [ -e "$llama_prefix/complete" ] || fail "third_party/llama.sh did not print where llama.cpp is installed"
}

ensure_rank_files() {
  rank_files=$("$root/third_party/rank_files.sh" | tail -n 1)
  [ -e "$rank_files/complete" ] || fail "third_party/rank_files.sh did not print where the rank files are"
}

# ensure_node_modules FOLDER: npm ci, unless it was done for this very lock file.
ensure_node_modules() {
  local folder=$1 stamp=$1/node_modules/.installed-from log=$root/build/npm.log
  [ -e "$folder/package-lock.json" ] || return 0
  if cmp -s "$folder/package-lock.json" "$stamp"; then return 0; fi
  say "installing the npm packages of ${folder#"$root/"}"
  if ! patiently "$log" "npm ci in ${folder#"$root/"}" npm ci --prefix "$folder" --no-audit --no-fund; then
    tail -n 20 "$log" >&2
    fail "npm ci in ${folder#"$root/"} failed; the whole output is in $log"
  fi
  cp "$folder/package-lock.json" "$stamp"
}

# configure PRESET. Each time, because a new folder in src/ is found only by configuring; about a second.
configure() {
  need_disk "$root/build" 2000 "free some disk"
  mkdir -p "$root/build/$1"
  quietly "$root/build/$1/configure.log" cmake -S "$root" --preset "$1" \
    -DFOREBAY_LLAMA_PREFIX="$llama_prefix" -DFOREBAY_RANK_FILES="$rank_files"
}

# compile PRESET [TARGET…]
compile() {
  local preset=$1
  shift
  ninja_with_progress "$root/build/$preset" "$preset" "$@"
}
