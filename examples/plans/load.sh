#!/bin/bash
set -euo pipefail
rows="$(psql --quiet --tuples-only --file load.sql --variable file="$FILE")"
echo "rows=$rows" >> "$RELEASECTL_OUTPUT"
