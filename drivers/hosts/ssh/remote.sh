# What SshHost has done on a machine, by the record that launcher.sh keeps (drivers/hosts/ssh/remote.ts).
#   sh remote.sh COMMAND ARGUMENT...
# It answers on stdout in frames: `name bytes`, a line end and that many bytes; `name *` goes to the end. A frame
# `invalid` is a request that cannot be done here. stderr is what the machine said. All of it may be called twice.
# Needs Linux, POSIX sh, coreutils (busybox will do) and setsid.
set -u
umask 077
LC_ALL=C
export LC_ALL
here=${0%/*}
printf '\nreleasectl-answers\n' # a login shell may have said something before

frame() { printf '%s %s\n%s' "$1" "${#2}" "$2"; }
size() { { wc -c < "$1"; } 2>/dev/null || echo 0; }
# bytes NAME FILE FROM: what it has from there on, `sent` bytes; false: nothing.
bytes() {
  sent=$(($(size "$2") - $3))
  [ "$sent" -gt 0 ] || return 1
  printf '%s %s\n' "$1" "$sent"
  tail -c "+$(($3 + 1))" "$2" | head -c "$sent"
}

# Sets `now`: when the process was started; empty: it has ended. A zombie has.
born() {
  now=
  { read -r line < "/proc/$1/stat"; } 2>/dev/null || return 0
  set -- ${line##*) }
  case $1 in [ZX]) ;; *) now=${20} ;; esac
}
# Sets pid, start and port of a generation's launcher. False: nobody has started it.
claimed() { [ -s "$1.claim" ] && { read -r pid; read -r start; read -r port; } < "$1.claim"; }
alive() { born "$pid"; [ "$now" = "$start" ]; }
age() { echo $(($(date +%s) - $(stat -c %Y "$1.claim"))); }
# Everybody in the launcher's process group or session.
members() {
  [ "$pid" -gt 0 ] || return 0
  for entry in /proc/[0-9]*/stat; do
    { read -r line < "$entry"; } 2>/dev/null || continue
    set -- ${line##*) }
    case $1 in [ZX]) continue ;; esac
    if [ "$3" = "$pid" ] || [ "$4" = "$pid" ]; then entry=${entry#/proc/}; echo "${entry%/stat}"; fi
  done
}
# Kill what is left of a generation. The pid may be another's by now: then, or when its launcher has tidied up, nothing is.
sweep() {
  born "$pid"
  if [ "$now" != "$start" ]; then if [ -n "$now" ] || [ -e "$1.exit" ]; then return 0; fi; fi
  rounds=0
  while found=$(members); [ -n "$found" ]; do
    # shellcheck disable=SC2086 # a list of pids
    kill -s KILL $found 2>/dev/null
    rounds=$((rounds + 1))
    [ $rounds -lt 500 ] || { echo "these processes do not end:" $found >&2; exit 1; }
    sleep 0.02
  done
}

# begin DIRECTORY GENERATION PORT script|service WORKDIR ALL-BYTES BYTES FILE COMMAND...: start it unless somebody has;
# follow a script. stdin: BYTES of environment (sh), then what becomes FILE.
begin() {
  directory=$1 generation=$2 port=$3 mode=$4 work=$5 all=$6 length=$7 file=$8
  shift 8
  mkdir -p "$directory/work" && cd "$directory" || exit 1
  if claimed "$generation"; then cat > /dev/null; else launch "$@"; fi
  rm -f "environment.$$"
  if [ "$mode" = script ]; then
    frame age "$(age "$generation")"
    follow "$generation" 0 0
  else state; fi
}
launch() {
  if ! { cat > "payload.$$" && [ "$(size "payload.$$")" -eq "$all" ] && head -c "$length" "payload.$$" > "environment.$$" && tail -c "+$((length + 1))" "payload.$$" > "file.$$" &&
    mv "file.$$" "$file"; }; then rm -f "payload.$$" "environment.$$" "file.$$"; exit 1; fi
  rm -f "payload.$$"
  [ -n "$work" ] || work=$directory/work
  [ -d "$work" ] || invalid "workDir $work is no directory on this machine"
  (cd "$work" && . "$directory/environment.$$" && is_program "$1") || invalid "$1 is no program on this machine"
  (set -- "$(command -v sleep)" && . "./environment.$$" && exec "$1" 0) 2>/dev/null
  [ $? -ne 126 ] || invalid 'the environment cannot be handed to a process: E2BIG'
  output=
  [ "$mode" != script ] || output=$directory/output
  # shellcheck disable=SC2016 # expanded by the inner shell
  (cd / && exec env -i PATH="$PATH" HOME="$HOME" ${LANG:+LANG="$LANG"} ${TMPDIR:+TMPDIR="$TMPDIR"} ${output:+RELEASECTL_OUTPUT="$output"} \
    /bin/sh -c '. "$1" && "$2" -f "$1" && shift 2 && exec "$@"' launch "$directory/environment.$$" "$(command -v rm)" "$(command -v setsid)" /bin/sh \
    "$here/launcher.sh" "$directory" "$generation" "$port" "$mode" "$work" "$@") < /dev/null > /dev/null 2> launch.err &
  starter=$! rounds=0
  until claimed "$generation"; do
    born $starter
    rounds=$((rounds + 1))
    if [ -z "$now" ] || [ $rounds -gt 500 ]; then
      claimed "$generation" || { echo "it was not started: $(cat launch.err)" >&2; exit 1; }
    else sleep 0.02; fi
  done
}
is_program() {
  case $1 in
    */*) [ -f "$1" ] && [ -x "$1" ] ;;
    *) IFS=:; for place in $PATH; do if [ -f "$place/$1" ] && [ -x "$place/$1" ]; then return 0; fi; done; return 1 ;;
  esac
}
invalid() { rm -f "environment.$$"; frame invalid "$1"; exit 0; }

# follow GENERATION OUT ERR: its output from these bytes on, until it has ended; after some 20 s it answers `more`, so that
# one whose caller is gone does not stay.
follow() {
  generation=$1 out=$2 err=$3 rounds=0 pause=0.01
  while :; do
    over=
    alive || over=lost
    [ ! -e "$generation.exit" ] || over=exit # asked before the output is read: nothing written before the end is missed
    sent_any=
    if bytes out stdout "$out"; then out=$((out + sent)) sent_any=1; fi
    if bytes err stderr "$err"; then err=$((err + sent)) sent_any=1; fi
    case $over in
      lost) sweep "$generation"; frame lost ''; return ;;
      exit)
        bytes out.tail stdout.tail 0; bytes err.tail stderr.tail 0
        if [ -s output ]; then printf 'output %s\n' "$(head -c 65537 output | wc -c)"; head -c 65537 output; fi
        frame exit "$(cat "$generation.exit")"; return ;;
    esac
    [ $rounds -lt 80 ] || { frame more ''; return; }
    rounds=$((rounds + 1))
    sleep "$pause" 2>/dev/null || sleep 1
    if [ -n "$sent_any" ]; then pause=0.01; else
      case $pause in 0.01) pause=0.02 ;; 0.02) pause=0.05 ;; 0.05) pause=0.1 ;; *) pause=0.25 ;; esac
    fi
  done
}
look() { # DIRECTORY GENERATION OUT ERR
  if cd "$1" 2>/dev/null && claimed "$2"; then follow "$2" "$3" "$4"; else frame lost ''; fi
}

# stop DIRECTORY GENERATION|latest WORD MILLISECONDS: SIGTERM to its group, then SIGKILL to all of its session. Its end is
# on record then.
stop() {
  cd "$1" 2>/dev/null || return 0
  if [ "$2" = latest ]; then latest || return 0; set -- "$1" "$generation" "$3" "$4"; fi
  claimed "$2" || return 0
  if [ ! -e "$2.exit" ]; then
    (set -C; echo "$3" > "$2.stop") 2>/dev/null
    ! alive || kill -s TERM -- "-$pid" 2>/dev/null
    rounds=0
    while [ $rounds -lt $(($4 / 20)) ] && [ ! -e "$2.exit" ] && alive; do sleep 0.02; rounds=$((rounds + 1)); done
  fi
  sweep "$2"
  echo "$3" > "exit.$$.stop" && ln "exit.$$.stop" "$2.exit" 2>/dev/null
  rm -f "exit.$$.stop"
  frame exit "$(cat "$2.exit")"
}

# inspect DIRECTORY [spec] [ports]: the latest generation of a service; the ports that are taken on this machine.
inspect() {
  case " $* " in *' ports '*) frame ports "$(ports)" ;; esac
  cd "$1" 2>/dev/null && latest || return 0
  state
  case " $* " in *' spec '*) bytes spec spec.json 0 ;; esac
}
state() {
  frame generation "$generation"
  frame port "$port"
  frame at "$(stat -c %Y "$generation.claim")"
  if alive; then frame alive yes; fi
  if [ -e "$generation.exit" ]; then frame exit "$(cat "$generation.exit")"; fi
  if [ -e "$generation.pid" ]; then frame pid "$(cat "$generation.pid")"; fi
}
latest() {
  generation=0
  for entry in *.claim; do
    entry=${entry%.claim}
    case $entry in ''|*[!0-9]*) continue ;; esac
    [ "$entry" -le $generation ] || generation=$entry
  done
  [ $generation -gt 0 ] && claimed $generation
}
ports() { # in hexadecimal, as the kernel writes them
  for table in /proc/net/tcp /proc/net/tcp6; do
    { while read -r _ address _ state _; do [ "$state" != 0A ] || echo "${address##*:}"; done < "$table"; } 2>/dev/null
  done
}
# cancel DIRECTORY WORD MILLISECONDS: stop a script; one that nobody has begun will never be.
cancel() {
  mkdir -p "$1" && cd "$1" || exit 1
  printf '0\nnever begun\n0\n' > "claim.$$" && ln "claim.$$" 1.claim 2>/dev/null && echo "$2" > 1.exit
  rm -f "claim.$$"
  stop "$1" 1 "$2" "$3"
}
sweep_old() { # DIRECTORY GENERATION: before the next generation
  cd "$1" 2>/dev/null && claimed "$2" && sweep "$2"
}
log() { # DIRECTORY BYTES
  printf 'log *\n'
  { tail -c "$2" "$1/log.old"; tail -c "$2" "$1/log"; } 2>/dev/null | tail -c "$2"
}

# ready PATH MODE SHA256: answers `same` when the file is there as it should be; else its folder is there afterwards.
ready() {
  [ ! -d "$1" ] || { frame invalid "$1 is a directory on this machine"; return; }
  if [ -f "$1" ] && [ "$(sum "$1")" = "$3" ] && [ "$(stat -c %a "$1")" = "$2" ]; then frame same ''; return; fi
  case $1 in */*) (umask 022; mkdir -p -- "${1%/*}") || exit 1 ;; esac
}
# keep PATH DRAFT MODE SHA256: the draft becomes the file when it is whole.
keep() {
  is=$(sum "$2") || exit 1
  if [ "$is" != "$4" ]; then rm -f -- "$2"; frame differs "$is"; return; fi
  if chmod "$3" -- "$2" && mv -f -- "$2" "$1"; then frame kept ''; else rm -f -- "$2"; exit 1; fi
}
receive() { if cat > "$2"; then keep "$@"; else rm -f -- "$2"; exit 1; fi; } # the same with the content on stdin
abandon() { # PATH DRAFT: answers how much room there was
  frame room "$(df -P -k -- "${1%/*}/" | tail -n 1)"
  rm -f -- "$2"
}
sum() { line=$(sha256sum < "$1") && echo "${line%% *}"; }
content() { # PATH BYTES
  [ -e "$1" ] || { frame none ''; return; }
  head -c 0 -- "$1" || exit 1
  printf 'file *\n'
  head -c "$2" -- "$1"
}

greet() { frame home "$PWD"; frame user "$(id -un)"; }
# prune HOME: take away what ended more than seven days ago.
prune() {
  for directory in "$1"/runs/* "$1"/services/*; do
    [ -d "$directory" ] && [ -n "$(find "$directory" -prune -mtime +7)" ] || continue
    (cd "$directory" && latest && alive) || rm -rf "$directory"
  done
}

command=$1
shift
case $command in
  begin|look|stop|cancel|inspect|sweep_old|log|ready|keep|receive|abandon|content|greet|prune) "$command" "$@" ;;
  *) echo "no such command: $command" >&2; exit 2 ;;
esac
