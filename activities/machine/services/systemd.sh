# One unit by systemctl (activities/machine/services/systemd.ts). UNIT; DO=state|start|stop|tail; for stop GRACE in
# seconds and FORCE=true|false.
set -u
export SYSTEMD_PAGER='' SYSTEMD_COLORS=0
state() { systemctl show -p "$1" "$UNIT" 2>/dev/null | sed "s/^$1=//"; }
known() { case $(state LoadState) in loaded) ;; '') systemctl show -p LoadState "$UNIT" >&2; exit 1 ;; *) echo "there is no unit $UNIT: $(state LoadState)" >&2; exit 1 ;; esac; }
case $DO in
  state) known; echo "state=$(state ActiveState)" >> "$RELEASECTL_OUTPUT" ;;
  tail) systemctl status --no-pager --lines=20 "$UNIT" 2>&1 | tail -25 ;;
  start)
    known
    systemctl reset-failed "$UNIT" 2>/dev/null
    systemctl start "$UNIT" && exit 0
    systemctl status --no-pager --lines=20 "$UNIT" >&2
    exit 1 ;;
  stop)
    known
    systemctl stop --no-block "$UNIT" || exit 1
    waited=0
    until case $(state ActiveState) in inactive | failed) true ;; *) false ;; esac; do
      if [ "$waited" -ge "$((GRACE * 5))" ]; then
        [ "$FORCE" = true ] || { echo "it was still $(state ActiveState) after ${GRACE}s" >&2; exit 1; }
        systemctl kill --signal=KILL "$UNIT" || exit 1
        [ "$waited" -lt "$((GRACE * 5 + 50))" ] || { echo "it was still $(state ActiveState) after SIGKILL" >&2; exit 1; }
      fi
      waited=$((waited + 1))
      sleep 0.2
    done ;;
esac
exit 0
