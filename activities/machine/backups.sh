# Backups of folders on a machine (activities/kinds/backup.ts, cleanup.ts). A backup is DIR/NAME.tar.gz, for a full one
# DIR/NAME.snar (what tar saw), and DIR/NAME.meta, written last: what has no .meta is none. Environment:
#   BACKUP_DIR (empty: in STATE_DIR, empty: this user's own place), PLACE and APP: the folder is BACKUP_DIR[/PLACE]/APP
#   DO=create   TYPE=full|incremental|config_only, PATHS and PATTERNS one a line, VERSION, RELEASE; then as prune
#   DO=preview  the same, telling only
#   DO=restore  BACKUP, a path as create told it
#   DO=prune    keeps the KEEP newest, those of RELEASE and what they are based on; of folders with a version.txt too, and
#               those whose version is a line of PROTECT; told: telling only
#   DO=tidy     VERSIONS, a folder of versions, AT where current lies: keeps the KEEP newest, current and PROTECT; tidied: telling only;
#               MUST=true: the folder must be there
set -u
umask 077
tell() { printf '%s=%s\n' "$1" "$2" >> "$RELEASECTL_OUTPUT"; }
dir=$BACKUP_DIR
if [ -z "$dir" ]; then
  state=${STATE_DIR:-}
  if [ -z "$state" ]; then
    if [ "$(id -u)" = 0 ]; then state=/var/lib/releasectl; else state=${XDG_STATE_HOME:-${HOME:?}/.local/state}/releasectl; fi
  fi
  dir=$state/backups/$PLACE
fi
dir=$dir/$APP
of() { sed -n "s/^$2=//p" "$dir/$1.meta"; }
all() { for meta in "$dir"/*.meta; do [ ! -e "$meta" ] || basename "$meta" .meta; done | sort -r; } # names begin with their time

prune() {
  kept=0 keep=' '
  for one in $(all); do
    if [ "$kept" -lt "$KEEP" ] || [ "$(of "$one" release)" = "$RELEASE" ]; then
      kept=$((kept + 1)) keep="$keep$one $(of "$one" base) "
    fi
  done
  for one in $(all); do
    case $keep in *" $one "*) continue ;; esac
    [ "$1" = told ] || { rm -f "$dir/$one.meta"; rm -f "$dir/$one.tar.gz" "$dir/$one.snar"; }
    gone="$gone/$one"
  done
}

case $DO in
  create | preview)
    base='' list=''
    if [ "$TYPE" = incremental ]; then
      for name in $(all); do [ "$(of "$name" type)" = full ] && [ "$(of "$name" paths)" = "$(echo "$PATHS" | tr '\n' ':')" ] && [ -e "$dir/$name.snar" ] && { base=$name; break; }; done
      [ -n "$base" ] || TYPE=full
    fi
    IFS='
'
    set -f
    for path in $PATHS; do
      [ -e "$path" ] || { echo "there is no $path to back up" >&2; exit 1; }
      if [ "$TYPE" != config_only ]; then list="$list${path#/}
"; else
        for pattern in $PATTERNS; do
          set +f
          for found in "$path"/$pattern; do [ ! -e "$found" ] || list="$list${found#/}
"; done
          set -f
        done
      fi
    done
    unset IFS
    set +f
    [ -n "$list" ] || { echo "there is no configuration to back up in $(echo "$PATHS" | tr '\n' ' ')" >&2; exit 1; }
    tell type "$TYPE"; tell dir "$dir"; tell base "$base"
    [ "$DO" = create ] || exit 0
    mkdir -p "$dir" || exit 1
    stamp=$(date -u +%Y%m%dT%H%M%SZ) nth=1
    while at=$stamp-$(printf %03d $nth); [ -n "$(echo "$dir/$at"-*.meta | grep -v '\*')" ]; do nth=$((nth + 1)); done # of any type: their order is that of their names
    name=$at-$TYPE
    draft=$dir/.$name.$$
    trap 'rm -rf "$draft"' EXIT
    trap 'exit 143' TERM INT HUP
    mkdir "$draft" || exit 1
    printf %s "$list" | cat > "$draft/list" || exit 1 # a shell's own printf does not say that the disk is full
    code=0
    case $TYPE in
      config_only) tar -C / -czf "$draft/tar" --verbatim-files-from -T "$draft/list" || code=$? ;;
      *)
        [ -z "$base" ] || cp "$dir/$base.snar" "$draft/snar" || exit 1
        tar -C / -czf "$draft/tar" --listed-incremental="$draft/snar" --verbatim-files-from -T "$draft/list" || code=$? ;;
    esac
    [ "$code" -le 1 ] || exit "$code" # 1: a file changed while it was read
    sum=$(sha256sum < "$draft/tar" | cut -d' ' -f1)
    size=$(wc -c < "$draft/tar" | tr -d ' ')
    {
      echo "type=$TYPE"; echo "base=$base"; echo "sha256=$sum"; echo "size=$size"; echo "version=$VERSION"; echo "release=$RELEASE"
      echo "paths=$(echo "$PATHS" | tr '\n' ':')"
    } | cat > "$draft/meta" || exit 1
    sync "$draft/tar" 2>/dev/null || sync
    mv "$draft/tar" "$dir/$name.tar.gz" && { [ "$TYPE" != full ] || mv "$draft/snar" "$dir/$name.snar"; } && mv "$draft/meta" "$dir/$name.meta" || exit 1
    gone=''
    prune now
    tell backupPath "$dir/$name.tar.gz"; tell checksum "$sum"; tell size "$size"; tell count "$(all | wc -l | tr -d ' ')"; tell changed "$code" ;;
  restore)
    dir=${BACKUP%/*} name=${BACKUP##*/} name=${name%.tar.gz}
    base=$(of "$name" base) || exit 1
    for part in $base "$name"; do # all of it is whole before any of it is put back
      [ "$(sha256sum < "$dir/$part.tar.gz" | cut -d' ' -f1)" = "$(of "$part" sha256)" ] || { echo "$dir/$part.tar.gz is not what was written: its checksum differs" >&2; exit 1; }
    done
    for part in $base "$name"; do # can be run again: it ends the same
      if [ "$(of "$part" type)" = config_only ]; then tar -C / -xpzf "$dir/$part.tar.gz" || exit 1; else tar -C / -xpzf "$dir/$part.tar.gz" --listed-incremental=/dev/null || exit 1; fi
    done ;;
  prune | told)
    gone=''
    prune "$DO"
    count=0
    IFS='
'
    for folder in $(ls -td "$dir"/*/ 2>/dev/null); do # spec 2's own backups (3.2.1)
      [ -e "$folder/version.txt" ] || continue
      count=$((count + 1))
      [ "$count" -gt "$KEEP" ] || continue
      printf '%s\n' "$PROTECT" | grep -qxF "$(cat "$folder/version.txt")" && continue
      gone="$gone/$(basename "$folder")"
      [ "$DO" = told ] || rm -rf "$folder"
    done
    tell gone "$gone" ;;
  tidy | tidied)
    gone='' count=0
    now=$(readlink -f "$AT/current" 2>/dev/null)
    needed=$PROTECT
    # What taking this release back needs: what was in force before its own first entry.
    [ ! -e "$AT/.releasectl/history" ] || needed="$needed
$(awk -v release="$RELEASE" '{ line[NR] = $1; by[NR] = $2 } END { for (n = NR; n > 0; n--) { print line[n]; if (by[n] != release) exit } }' "$AT/.releasectl/history")
$(tail -n 2 "$AT/.releasectl/history" | cut -d' ' -f1)"
    [ -d "$VERSIONS" ] || [ "$MUST" = false ] || { echo "there is no folder $VERSIONS" >&2; exit 1; }
    IFS='
'
    for name in $(ls -t "$VERSIONS" 2>/dev/null); do
      folder=$VERSIONS/$name
      [ -d "$folder" ] && [ ! -L "$folder" ] || continue
      count=$((count + 1))
      [ "$count" -gt "$KEEP" ] || continue
      [ "$(readlink -f "$folder")" = "$now" ] && continue
      case $now in "$(readlink -f "$folder")"/*) continue ;; esac
      printf '%s\n' "$needed" | grep -qxF "$name" && continue
      gone="$gone/$name"
      [ "$DO" = tidied ] && continue
      rm -f "$AT/.releasectl/complete/$name" "$AT/.releasectl/checked/$name" # first: half of it must not count as there
      rm -rf "$folder" || exit 1
    done
    tell gone "$gone" ;;
esac
exit 0
