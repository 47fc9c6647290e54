# Reads or replaces the record of what is installed, on the machine itself (activities/machine/installation.ts).
#   DO=read    prints it; nothing where there is none
#   DO=write   puts RECORD in its place, all of it or nothing, if it still is EXPECTED; else exit code 3.
#              An empty RECORD takes it away. MAKE_DIR, when not empty: a folder to make before
#   STATE_DIR  where records lie; empty: this user's own place. NAME: the record's path in it
set -u
state=${STATE_DIR:-}
if [ -z "$state" ]; then
  if [ "$(id -u)" = 0 ]; then state=/var/lib/releasectl; else state=${XDG_STATE_HOME:-${HOME:?}/.local/state}/releasectl; fi
fi
file=$state/installations/$NAME
echo "state=$state" >> "$RELEASECTL_OUTPUT"
if [ "$DO" = read ]; then
  [ ! -e "$file" ] || exec cat "$file"
  exit 0
fi
umask 077
set -e
mkdir -p "${file%/*}"
[ "$(cat "$file" 2>/dev/null || :)" = "$EXPECTED" ] || exit 3
[ -z "${MAKE_DIR:-}" ] || (umask 022; mkdir -p "$MAKE_DIR")
[ -n "$RECORD" ] || exec rm -f "$file"
draft=$file.$$
trap 'rm -f "$draft"' EXIT
printf '%s\n' "$RECORD" | cat > "$draft" # whose words on a full disk are better
sync "$draft" 2>/dev/null || sync # a machine that loses power must not forget what was begun
mv -f "$draft" "$file"
