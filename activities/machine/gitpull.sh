# A Git repository on a machine (activities/machine/git-tree.ts). Environment:
#   AT         the folder: releases/COMMIT, current -> releases/COMMIT, and .releasectl with what we need for it:
#              mirror.git (bare, shared by all releases), history (COMMIT RELEASE, newest last), checked/COMMIT and
#              complete/COMMIT, pins/KEY (the commit a job has settled on)
#   DO=look      tells what current points to
#   DO=checkout  settles on a commit, once per PIN, and puts it into releases/COMMIT, if it is not there complete
#   DO=switch    points current to COMMIT, for RELEASE, and takes old releases away; DO=unlink takes current away
#   DO=preview   tells what checkout would find; touches nothing
#   URL, KIND=head|branch|tag|commit, REF, DEPTH, SUBMODULES, ALLOW_MOVED; GIT_KEY, GIT_KNOWN, RELEASECTL_GIT_USER,
#   RELEASECTL_GIT_PASSWORD and RELEASECTL_GIT_HOST, to whom alone they are told
# Exit codes: 10 git said no, 11 no such ref, 12 the tag moved
set -u
umask 022
own=$AT/.releasectl
mirror=$own/mirror.git
tell() { printf '%s=%s\n' "$1" "$2" >> "$RELEASECTL_OUTPUT"; }
current() { link=$(readlink "$AT/current" 2>/dev/null) && echo "${link#releases/}"; }
# Kept by the history, newest first, without COMMIT: what was in force before it.
before() { [ ! -e "$own/history" ] || awk -v now="$1" '{ line[NR] = $1 } END { for (n = NR; n > 0; n--) if (line[n] != now && !seen[line[n]]++) print line[n] }' "$own/history"; }

look() {
  now=$(current)
  tell current "$now"
  tell by "$([ ! -e "$own/history" ] || awk -v now="$now" '$1 == now { by = $2 } END { print by }' "$own/history")"
  tell before "$(before "$now" | tr '\n' ' ')"
}

# Secrets lie in files of this user only, for as long as git runs.
credentials() {
  secrets=$1
  rm -rf "$secrets"
  (umask 077; mkdir -p "$secrets") || exit 1
  trap 'rm -rf "$secrets"' EXIT
  trap 'exit 143' TERM INT HUP
  ssh="ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 -o ServerAliveInterval=10 -o ServerAliveCountMax=3"
  if [ -n "${GIT_KEY:-}" ]; then
    (umask 077; printf '%s\n' "$GIT_KEY" > "$secrets/key") || exit 1
    ssh="$ssh -o IdentitiesOnly=yes -i '$secrets/key'"
  fi
  if [ -n "${GIT_KNOWN:-}" ]; then
    printf '%s\n' "$GIT_KNOWN" > "$secrets/known" || exit 1
    ssh="$ssh -o UserKnownHostsFile='$secrets/known' -o GlobalKnownHostsFile=/dev/null"
  fi
  cat > "$secrets/askpass" <<'ASKPASS'
#!/bin/sh
case $1 in *"//$RELEASECTL_GIT_HOST'"* | *"@$RELEASECTL_GIT_HOST'"*) ;; *) exit 1 ;; esac
case $1 in Username*) printf '%s\n' "$RELEASECTL_GIT_USER" ;; *) printf '%s\n' "$RELEASECTL_GIT_PASSWORD" ;; esac
ASKPASS
  chmod 700 "$secrets/askpass"
  unset GIT_KEY GIT_KNOWN
  # A server that falls silent is given up after half a minute; over git:// by the job's timeout, as git asks nobody there whether he is alive.
  export GIT_SSH_COMMAND="$ssh" GIT_HTTP_LOW_SPEED_LIMIT=1 GIT_HTTP_LOW_SPEED_TIME=30 GIT_TERMINAL_PROMPT=0 LC_ALL=C
  if [ -n "${RELEASECTL_GIT_PASSWORD:-}" ]; then export GIT_ASKPASS="$secrets/askpass"; else export GIT_ASKPASS=/bin/false; fi
}
in_mirror() { git -c credential.helper= -c gc.auto=0 --git-dir="$mirror" "$@"; }
fetch() { in_mirror fetch --quiet --no-tags --no-write-fetch-head ${DEPTH:+"--depth=$DEPTH"} "$URL" "$@"; }
has() { in_mirror cat-file -e "$1^{commit}" 2>/dev/null; }
commit_of() { in_mirror rev-parse --verify --quiet "$1^{commit}"; }

# Sets commit.
find_commit() {
  case $KIND in
    head) fetch "+HEAD:refs/releasectl/head" || exit 10; commit=$(commit_of refs/releasectl/head) ;;
    branch) fetch "+refs/heads/$REF:refs/releasectl/branches/$REF" || exit 10; commit=$(commit_of "refs/releasectl/branches/$REF") ;;
    tag)
      known=$(commit_of "refs/tags/$REF")
      fetch "+refs/tags/$REF:refs/releasectl/incoming" || exit 10
      commit=$(commit_of refs/releasectl/incoming)
      if [ -n "$known" ] && [ "$known" != "$commit" ] && [ "$ALLOW_MOVED" != true ]; then
        echo "tag $REF was $known here and is $commit at the remote" >&2
        exit 12
      fi
      in_mirror update-ref "refs/tags/$REF" refs/releasectl/incoming || exit 10 ;;
    commit)
      has "$REF" || { [ "${#REF}" -ge 40 ] && fetch "$REF" 2>/dev/null; } || { DEPTH='' && fetch '+refs/heads/*:refs/releasectl/branches/*' '+refs/tags/*:refs/releasectl/tags/*'; } || exit 10
      commit=$(commit_of "$REF") || { echo "the repository has no commit $REF" >&2; exit 11; } ;;
  esac
  [ -n "$commit" ] || { echo "the remote has no commit at $KIND $REF" >&2; exit 11; }
}

put_commit() {
  folder=$AT/releases/$commit
  # Kept over a worker's death: a build of this very job may be at work in it.
  [ -d "$folder" ] && { [ -e "$own/complete/$commit" ] || [ "$(cat "$own/checked/$commit" 2>/dev/null)" = "$PIN" ]; } && return
  rm -rf "$folder" "$own/checked/$commit" "$own/complete/$commit"
  has "$commit" || fetch "$commit" || exit 10
  in_mirror update-ref "refs/releases/$commit" "$commit" || exit 10
  git init --quiet "$folder" || exit 10
  echo "$mirror/objects" > "$folder/.git/objects/info/alternates" || exit 10
  [ ! -e "$mirror/shallow" ] || cp "$mirror/shallow" "$folder/.git/shallow" || exit 10
  git -C "$folder" config remote.origin.url "$URL" || exit 10
  git -C "$folder" -c advice.detachedHead=false checkout --quiet --detach --force "$commit" || exit 10
  if [ "$SUBMODULES" = true ]; then
    local_too=user
    case $URL in /* | file:*) local_too=always ;; esac
    git -C "$folder" -c credential.helper= -c "protocol.file.allow=$local_too" submodule --quiet update --init --recursive ${DEPTH:+"--depth=$DEPTH"} || exit 10
  fi
  mkdir -p "$own/checked" && printf '%s\n' "$PIN" > "$own/checked/$commit" || exit 10
}

describe() {
  tell commit "$commit"
  tell message "$(in_mirror log -1 --format=%s "$commit" 2>/dev/null | cut -c1-200)"
}

lock() { # one at a time; let go by whoever holds it when that ends
  command -v flock > /dev/null || return 0
  exec 9> "$own/lock" && flock 9
}

case $DO in
  look) look ;;
  checkout)
    mkdir -p "$own/pins" "$AT/releases" || exit 10
    lock
    rm -rf "$own"/secrets.*
    credentials "$own/secrets.$$"
    [ -d "$mirror/objects" ] || { git init --quiet --bare "$mirror.$$" && mv "$mirror.$$" "$mirror"; } || exit 10
    commit=$(cat "$own/pins/$PIN" 2>/dev/null) || commit=''
    if [ -z "$commit" ]; then
      find_commit
      printf '%s\n' "$commit" > "$own/pins/$PIN.$$" && mv "$own/pins/$PIN.$$" "$own/pins/$PIN" || exit 10
    fi
    put_commit
    describe
    tell complete "$([ -e "$own/complete/$commit" ] && echo yes)" ;;
  preview)
    scratch=$(mktemp -d) || exit 10
    credentials "$scratch/secrets"
    trap 'rm -rf "$scratch"' EXIT
    real=$mirror mirror=$scratch/mirror.git DEPTH=''
    git init --quiet --bare "$mirror" || exit 10
    if [ -d "$real/objects" ]; then
      echo "$real/objects" > "$mirror/objects/info/alternates"
      [ ! -e "$real/shallow" ] || cp "$real/shallow" "$mirror/shallow"
    fi
    find_commit
    describe
    look
    now=$(current)
    if [ -n "$now" ] && has "$now"; then tell count "$(in_mirror rev-list --count "$now..$commit" 2>/dev/null)"; tell lost "$(in_mirror rev-list --count "$commit..$now" 2>/dev/null)"; fi ;;
  switch)
    lock
    [ -d "$AT/releases/$COMMIT" ] || { echo "releases/$COMMIT is gone" >&2; exit 1; }
    mkdir -p "$own/complete" && : > "$own/complete/$COMMIT" || exit 1
    was=$(current)
    # History first: it is believed only where the link agrees. Going back forgets what was above.
    { [ ! -e "$own/history" ] || if [ "$BACK" = true ]; then awk -v to="$COMMIT" '{ line[NR] = $0; if ($1 == to) last = NR } END { for (n = 1; n < (last ? last : NR + 1); n++) print line[n] }' "$own/history"; else cat "$own/history"; fi | tail -n 99; echo "$COMMIT $RELEASE"; } > "$own/history.$$" && mv "$own/history.$$" "$own/history" || exit 1
    rm -f "$AT/.current.$$"
    ln -s "releases/$COMMIT" "$AT/.current.$$" || exit 1
    mv -Tf "$AT/.current.$$" "$AT/current" 2>/dev/null || mv -hf "$AT/.current.$$" "$AT/current" || exit 1
    [ "$BACK" = true ] && exit 0
    keep=$( { echo "$COMMIT"; echo "$was"; before "$COMMIT" | head -n "$((KEEP - 1))"; } )
    for folder in "$AT"/releases/*; do
      name=${folder##*/}
      printf '%s\n' "$keep" | grep -qxF "$name" && continue
      rm -f "$own/complete/$name" "$own/checked/$name" # first: half of it must not count as there
      rm -rf "$folder"
      git --git-dir="$mirror" update-ref -d "refs/releases/$name"
    done
    ls -t "$own/pins" | tail -n +50 | while read -r pin; do rm -f "$own/pins/$pin"; done
    exit 0 ;;
  unlink) rm -f "$AT/current" ;;
esac
