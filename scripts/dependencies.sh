#!/bin/sh
# Installs what package-lock.json names, once per lock file, and makes sure that Bun is really there:
# npm may be told to run no install scripts, and Bun's brings the program itself.
set -eu
cd "$(dirname "$0")/.."
stamp=node_modules/.trallivalli-lock
if ! cmp -s package-lock.json "$stamp"; then
  npm ci --no-audit --no-fund
  cp package-lock.json "$stamp"
fi
./node_modules/.bin/bun --version >/dev/null 2>&1 || node node_modules/bun/install.js
./node_modules/.bin/bun --version >/dev/null
