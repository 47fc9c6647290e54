import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A double for systemctl, as test machines run no systemd: a shell script that keeps a unit's state in files and runs its
 * ExecStart as a real process. Units are files `<unit>.unit` with ExecStart=. It knows show, start, stop (--no-block),
 * kill, reset-failed and status, and answers in systemctl's words.
 */
const SYSTEMCTL = `#!/bin/bash
home=$(dirname "$0"); unit=\${@: -1}; file=$home/$unit.unit
echo "$*" >> "$home/calls"
alive() { pid=$(cat "$home/$unit.pid" 2>/dev/null) && [ "$(cut -d' ' -f3 /proc/$pid/stat 2>/dev/null || echo Z)" != Z ]; }
case $1 in
  show)
    case $3 in
      LoadState) [ -e "$file" ] && echo LoadState=loaded || echo LoadState=not-found ;;
      ActiveState) alive && echo ActiveState=active || echo ActiveState=inactive ;;
    esac ;;
  start)
    alive && exit 0
    setsid bash -c "exec $(sed -n 's/^ExecStart=//p' "$file")" > /dev/null 2>&1 < /dev/null &
    echo $! > "$home/$unit.pid"
    sleep 0.3
    alive || { echo "Job for $unit.service failed because the control process exited with error code." >&2; exit 1; } ;;
  stop) alive && kill -TERM "$pid"; exit 0 ;;
  kill) alive && kill -KILL "$pid"; exit 0 ;;
  status) echo "$unit.service - stand-in"; alive || exit 3 ;;
esac
`

/** A PATH with the double in front, and how to make units in it. */
export async function standInSystemctl() {
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-systemctl-'))
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'systemctl'), SYSTEMCTL)
  await chmod(join(folder, 'systemctl'), 0o755)
  return { folder, PATH: `${folder}:/usr/bin:/bin`, unit: async (name: string, execStart: string) => { await writeFile(join(folder, `${name}.unit`), `ExecStart=${execStart}\n`) } }
}
