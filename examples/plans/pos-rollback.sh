#!/bin/bash
set -euo pipefail
# ROLLBACK_VERSION is the version to go back to.
rm -rf /opt/pos
curl --fail --silent --location "https://packages.example.com/pos-$ROLLBACK_VERSION.tar.gz" | { mkdir -p /opt/pos; tar -xz -C /opt/pos; }
systemctl restart pos
