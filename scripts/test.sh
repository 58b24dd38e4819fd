#!/bin/sh
# What `npm test` runs: brings what the tests need, then hands over to scripts/check.ts.
set -eu
cd "$(dirname "$0")/.."
sh scripts/dependencies.sh

missing=""
for program in chromium age zstd caddy; do
  command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing for the tests:$missing"
  # shellcheck disable=SC2086
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } ||
    echo "!!! Could not install$missing" >&2
fi
for program in chromium age zstd caddy; do
  command -v "$program" >/dev/null 2>&1 ||
    echo "!!! $program IS MISSING: the tests that need it are skipped. As root: apt-get install $program" >&2
done
exec ./node_modules/.bin/bun scripts/check.ts "$@"
