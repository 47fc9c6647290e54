#!/bin/bash
set -euo pipefail
mkdir -p /opt/pos.new
curl --fail --silent --location "https://packages.example.com/pos-$APP_VERSION.tar.gz" | tar -xz -C /opt/pos.new
rm -rf /opt/pos.old
mv /opt/pos /opt/pos.old
mv /opt/pos.new /opt/pos
systemctl restart pos
