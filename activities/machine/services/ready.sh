# Asks on the machine itself until a service is ready (activities/machine/services/ready.ts). TYPE=http: URL, STATUS;
# TYPE=tcp: HOST, PORT; TYPE=command: a file COMMAND. WITHIN in seconds. For bash, which can open connections.
set -u
try() {
  case $TYPE in
    http)
      if command -v curl > /dev/null; then
        got=$(curl --silent --show-error --output /dev/null --max-time 5 --write-out '%{http_code}' "$URL" 2>&1)
      else
        rest=${URL#http://} host=${rest%%/*} path=/
        [ "$rest" = "$host" ] || path=/${rest#*/}
        port=${host##*:}
        [ "$port" != "$host" ] || port=80
        got=$(timeout 5 bash -c 'exec 3<> "/dev/tcp/$1/$2" && printf "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" "$3" "$1" >&3 && read -r _ status _ <&3 && echo "$status"' ask "${host%%:*}" "$port" "$path" 2>&1)
      fi
      [ "$got" = "$STATUS" ] ;;
    tcp) got=$(timeout 5 bash -c 'exec 3<> "/dev/tcp/$1/$2"' ask "$HOST" "$PORT" 2>&1) ;;
    command) got=$(bash -c "$COMMAND" 2>&1) ;;
  esac
}
until try; do
  if [ "$SECONDS" -ge "$WITHIN" ]; then
    echo "it was not ready within ${WITHIN}s: ${got:-nothing said}" | tail -5 >&2
    exit 1
  fi
  sleep 0.5
done
