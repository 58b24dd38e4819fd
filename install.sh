#!/bin/sh
# Builds TralliValli from this folder and starts it. Safe to run again: `sh install.sh --build` only builds,
# everything else after the name is handed on, for example `sh install.sh --data /srv/chat`.
set -eu
cd "$(dirname "$0")"

stop() {
  echo "$1" >&2
  exit 1
}

command -v node >/dev/null 2>&1 || stop "Node.js is missing: install version 20 or newer (with npm), then run this again."
command -v npm >/dev/null 2>&1 || stop "npm is missing: install it beside Node.js, then run this again."
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] ||
  stop "Node.js $(node -v) is too old: install version 20 or newer, then run this again."
[ -w . ] || stop "This folder cannot be written by $(id -un): copy it to a folder of your own, then run install.sh there."

sh scripts/dependencies.sh || stop "The dependencies could not be installed: check the network (npm ci says more above), then run this again."
./node_modules/.bin/bun scripts/build.ts --compile || stop "The build failed: the reason stands above."

if [ "${1:-}" = "--build" ]; then
  echo "Built: $(pwd)/dist/trallivalli"
  exit 0
fi
echo "Starting $(pwd)/dist/trallivalli (stop it with Ctrl+C)"
exec ./dist/trallivalli serve "$@"
