#!/bin/sh
# Traces a real program that knows nothing of Glimpse, the Markdown converter mistune, while it converts this project's
# README; then shows who called whom, and where the time went. Everything goes into the folder venv-demo, which is
# removed first. Needs python3 (3.10 or newer) with venv and pip.
set -eu
cd "$(dirname "$0")"

echo "Installing Glimpse and mistune into venv-demo ..."
rm -rf venv-demo
python3 -m venv venv-demo
venv-demo/bin/python -m pip install -qq --disable-pip-version-check . mistune
PATH="$PWD/venv-demo/bin:$PATH"
export GLIMPSE_LOG_PATH=venv-demo/glimpse.jsonl

set -x
glimpse run -m mistune -p table -f README.md -o venv-demo/README.html
glimpse tree --min-duration 2ms
glimpse top -n 15
