#!/bin/bash
set -euo pipefail
systemctl disable --now pos
rm -rf /opt/pos /opt/pos.old
