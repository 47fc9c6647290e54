#!/usr/bin/env bash
# GreenMail: a mail server that takes every message over SMTP and shows it over HTTP. User ann@example.com logs in
# as ann with s3cret; the certificate of its TLS port is one nobody signed.
#   TESTBED_SMTP_PORT=11025 TESTBED_SMTPS_PORT=11465
#   TESTBED_MAIL_API_PORT=11080   GET /api/user/ADDRESS/messages, POST /api/mail/purge
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${TESTBED_SMTP_PORT:=11025}" "${TESTBED_SMTPS_PORT:=11465}" "${TESTBED_MAIL_API_PORT:=11080}"
JAR=greenmail-standalone-2.1.3.jar
do_install() { apt_need java default-jre-headless; jar_need com.icegreen:greenmail-standalone:2.1.3 $JAR; }
do_start() {
  daemon mail java -Xmx96m -XX:+UseSerialGC -Dgreenmail.users=ann:s3cret@example.com \
    -Dgreenmail.smtp.hostname=127.0.0.1 -Dgreenmail.smtp.port="$TESTBED_SMTP_PORT" \
    -Dgreenmail.smtps.hostname=127.0.0.1 -Dgreenmail.smtps.port="$TESTBED_SMTPS_PORT" \
    -Dgreenmail.api.hostname=127.0.0.1 -Dgreenmail.api.port="$TESTBED_MAIL_API_PORT" -jar "$TESTBED_CACHE/jars/$JAR"
  wait_for 30 http_ok "http://127.0.0.1:$TESTBED_MAIL_API_PORT/api/service/readiness"
}
do_stop() { halt mail; }
do_status() { report mail; }
main "$@"
