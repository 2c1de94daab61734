# shellcheck shell=bash
# Debian packages: installs what third_party/packages.txt lists and this machine lacks. Source it after
# lib.sh; `root` is the repository.
: "${root:?}"

# packages_for run|test: the names, one a line. What follows the "--- tests only" line is for test.
packages_for() {
  local list=$root/third_party/packages.txt
  [ -r "$list" ] || fail "$list is missing: check the repository out again"
  awk -v all="$([ "$1" = test ] && echo 1)" '
    /^# --- tests only/ { if (!all) exit }
    { sub(/#.*/, ""); if (NF) print $1 }' "$list"
}

# missing_of NAME…: those that dpkg does not have installed; one call for the whole list.
missing_of() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | awk '$1 == "installed" {print $2}' || true)
  comm -23 <(printf '%s\n' "$@" | sort -u) <(printf '%s\n' "$installed" | sort -u)
}

# The daemons among the packages (nginx, prometheus) are wanted as programs only. Debian asks this file
# before it starts a service; one that is there already is left alone.
forbid_services() {
  local policy=/usr/sbin/policy-rc.d
  [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

# Keeps the daemons that were installed now from starting at the next boot.
disable_services() {
  [ -d /run/systemd/system ] || return 0
  case " $* " in *" prometheus "*) systemctl disable --quiet prometheus.service || true ;; esac
  case " $* " in *" nginx-light "*) systemctl disable --quiet nginx.service || true ;; esac
}

apt_get() {
  local log=$1 what=$2
  shift 2
  DEBIAN_FRONTEND=noninteractive patiently "$log" "$what" apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

# fail_naming LOG NAME…: one sentence with the packages that apt complains about, or all if it names none.
fail_naming() {
  local log=$1 why name culprits=()
  shift
  why=$(grep -h '^E: ' "$log" "$log.update" 2>/dev/null | head -n 1 | cut -c4- || true)
  for name in "$@"; do
    if grep -qE "^E: .*[ '/]$name([ '_]|\$)" "$log"; then culprits+=("$name"); fi
  done
  [ "${#culprits[@]}" -gt 0 ] || culprits=("$@")
  if [ "${#culprits[@]}" = 1 ]; then name="package ${culprits[0]}"; else name="packages ${culprits[*]}"; fi
  fail "$name could not be installed: ${why:-apt-get failed} (apt's whole output: $log)"
}

# ensure_packages run|test. A subshell, so that the trap above is its own.
ensure_packages() (
  command -v dpkg-query >/dev/null ||
    fail "this is not Debian: use a Debian 12 machine or container (third_party/packages.txt lists what is needed)"
  log=$root/build/apt.log
  mapfile -t names < <(packages_for "$1")
  mapfile -t missing < <(missing_of "${names[@]}")
  [ "${#missing[@]}" -gt 0 ] || exit 0
  [ "$(id -u)" = 0 ] ||
    fail "${#missing[@]} Debian packages are missing; install them with: sudo apt-get install --no-install-recommends ${missing[*]}"
  need_disk /usr 3000 "free some disk"
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  # Lists that cannot be fetched matter only if the installation fails for it, and are told then.
  apt_get "$log.update" "fetching the package lists" update || true
  forbid_services
  if ! apt_get "$log" "installing packages" install -y --no-install-recommends "${missing[@]}"; then
    mapfile -t left < <(missing_of "${missing[@]}")
    fail_naming "$log" "${left[@]}"
  fi
  disable_services "${missing[@]}"
)
