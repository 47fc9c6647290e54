# Runs one command to its end in a session of its own, so that it outlives whoever started it (drivers/hosts/detached.ts).
#   sh launcher.sh DIRECTORY GENERATION PORT script|service WORKDIR COMMAND...
# Its environment is the command's. In DIRECTORY, N being the generation:
#   N.claim   pid, start time and port of this launcher; made once, a second launcher of the same generation leaves
#   N.pid     the command's own pid
#   stdout, stderr (a script) or log, log.old (a service): what it wrote, bounded
#   N.exit    how it ended: its exit code, or the word somebody wrote to N.stop before stopping it
set -u
directory=$1 generation=$2 port=$3 mode=$4 work=$5
shift 5
given_path=$PATH
PATH=/usr/bin:/bin:$PATH
limit=16777216
cd "$directory" || exit 1

# A pid alone may be another process's by now; together with its start time it is not.
born() {
  if [ -r "/proc/$1/stat" ]; then
    read -r line < "/proc/$1/stat"
    set -- ${line##*) }
    echo "${20}"
  else
    ps -o lstart= -p "$1"
  fi
}
size() { echo $(($(wc -c < "$1" 2>/dev/null || echo 0))); }

# dd writes what it reads at once; it stops now and then so that the size is looked at. All is read to the end, so that
# the command never meets a closed pipe.
keep() { # the beginning, then the last 64 KiB
  before=-1
  while dd bs=16384 count=512 >> "$1" 2>/dev/null; now=$(size "$1"); [ "$now" -gt "$before" ] && [ "$now" -lt "$limit" ]; do before=$now; done
  tail -c 65536 > "$1.tail"
}
rotate() { # the end; what a full disk does not take is lost, but the command never meets a closed pipe
  before=$(size "$1")
  while :; do
    if dd bs=16384 count=512 >> "$1" 2>/dev/null; then
      now=$(size "$1")
      [ "$now" -gt "$before" ] || break
      before=$now
      if [ "$now" -ge "$limit" ]; then mv "$1" "$1.old"; before=0; fi
    else
      [ "$(dd bs=16384 count=1 2>/dev/null | wc -c)" -gt 0 ] || break
      before=$(size "$1")
    fi
  done
}

trap : TERM # caught, not ignored: the command gets SIGTERM as everybody does
# A full disk must neither make a claim of nothing nor an end of nothing: room for the end is taken now.
printf '%s\n%s\n%s\n' $$ "$(born $$)" "$port" > "claim.$$" && printf '%-16s\n' unknown > "exit.$$" || { rm -f "claim.$$" "exit.$$"; exit 1; }
ln "claim.$$" "$generation.claim" 2>/dev/null
claimed=$?
rm -f "claim.$$"
[ $claimed -eq 0 ] || { rm -f "exit.$$"; exit 0; }
sync "$generation.claim" . 2>/dev/null # a machine that loses power must not forget that this was begun

rm -f out err
mkfifo out err
if [ "$mode" = script ]; then
  (trap '' TERM; keep stdout < out) &
  keepers=$!
  (trap '' TERM; keep stderr < err) &
  keepers="$keepers $!"
else
  (trap '' TERM; rotate log < out) &
  keepers=$!
  rm -f err; ln -s out err
fi
# A SIGTERM that came before there was anybody to hear it is found as the file written before it was sent.
# shellcheck disable=SC2016 # expanded by the inner shell
sh -c '[ -e "$1.stop" ] && exit 143; echo $$ > "$1.pid"; PATH=$2; cd "$3" || exit 126; shift 3; exec "$@"' \
  launcher "$generation" "$given_path" "$work" "$@" < /dev/null > out 2> err
code=$?

# What it left in the background ends with it, and may not hold the output open.
kill -s TERM -- -$$ 2>/dev/null
(sleep 2; kill -s KILL $keepers) > /dev/null 2>&1 &
for keeper in $keepers; do wait "$keeper"; done
[ -s "$generation.stop" ] && read -r code < "$generation.stop"
printf '%-16s\n' "$code" 1<> "exit.$$"
sync "exit.$$" 2>/dev/null
mv "exit.$$" "$generation.exit"
rm -f out err
sleep 2 # for what is still ending itself
kill -s KILL -- -$$
