#!/usr/bin/env bash
# Builds the pinned llama.cpp once and installs it outside build/, so that a clean build of our own
# code never rebuilds it. Prints the install prefix on its last line.
#
# Source   the git bundle inside the npm package node-llama-cpp (version and integrity hash:
#          package-lock.json beside this file).
# Where    ${FOREBAY_CACHE:-${XDG_CACHE_HOME:-~/.cache}/forebay}/llama.cpp-<fingerprint>; the
#          fingerprint covers this recipe and the lock file's pin, so a new pin makes a new folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../scripts/lib.sh"

pin=$(node -p "const p=require('$here/package-lock.json').packages['node_modules/node-llama-cpp']; p.version+' '+p.integrity")
recipe=$(cat "${BASH_SOURCE[0]}"; echo "$pin"; clang++-19 --version | head -n 1)
fingerprint=$(printf '%s' "$recipe" | sha256sum | cut -c1-12)
prefix="$(forebay_cache)/llama.cpp-$fingerprint"
if [ -e "$prefix/complete" ]; then
  echo "$prefix"
  exit 0
fi

need_disk "$(forebay_cache)" 2000
work="$prefix.work"
rm -rf "$work" "$prefix"
mkdir -p "$work"
say "fetching the llama.cpp source (npm package, integrity checked)"
npm_source node-llama-cpp "$work/npm"
quietly "$work/git.log" git clone --quiet "$work/npm/llama/gitRelease.bundle" "$work/src"

# Five CPU variants out of fourteen: the steps that matter (none, AVX2, AVX-512+VNNI, BF16, AMX).
# The others would add four minutes to a first build; an older AVX-512 processor takes AVX2.
sed -i -E '/ggml_add_cpu_backend_variant\((sse42|sandybridge|ivybridge|piledriver|skylakex|cannonlake|cascadelake|cooperlake|alderlake) /d' \
  "$work/src/ggml/src/CMakeLists.txt"

# OpenMP off: ggml's own thread pool waits without spinning beside the server's threads.
quietly "$work/cmake.log" cmake -S "$work/src" -B "$work/build" -G Ninja \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 \
  -DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=lld -DCMAKE_MODULE_LINKER_FLAGS=-fuse-ld=lld \
  -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_RPATH='$ORIGIN' -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON \
  -DBUILD_SHARED_LIBS=ON -DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON -DGGML_NATIVE=OFF -DGGML_OPENMP=OFF \
  -DLLAMA_BUILD_COMMON=ON -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
  -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_IS_DEV=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_SUBPROCESS=OFF
ninja_with_progress "$work/build" "llama.cpp"

mkdir -p "$prefix/lib" "$prefix/include/jinja" "$prefix/share"
cp -P "$work/build/bin/"*.so* "$prefix/lib/"
cp "$work/src/include/"*.h "$work/src/ggml/include/"*.h "$work/src/common/"*.h "$prefix/include/"
cp "$work/src/common/jinja/"*.h "$prefix/include/jinja/"
cp -r "$work/src/vendor/nlohmann" "$prefix/include/"
cp "$work/src/LICENSE" "$prefix/share/"
cp -r "$work/src/models" "$prefix/share/models"   # vocabularies with expected ids, for tests
date -u +%FT%TZ > "$prefix/complete"
rm -rf "$work"
echo "$prefix"
