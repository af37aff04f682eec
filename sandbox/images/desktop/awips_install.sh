#!/bin/bash
# Stands in for AWIPS's installer: the window in CAVE's place, from IDV's, which the image has already.
set -euo pipefail
[[ $* == --cave ]] || { echo "awips_install.sh (stand-in): knows only --cave, not: $*" >&2; exit 2; }
mkdir -p /awips2/cave
printf '#!/bin/sh\nexec java -Dstand-in.title=CAVE -jar /opt/IDV/idv.jar "$@"\n' >/awips2/cave/cave.sh
chmod +x /awips2/cave/cave.sh
