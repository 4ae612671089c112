"""A stand-in for a real defacing tool, run as a child process by the tests: standard library only, so that it starts fast.

``stand_in_tool.py INPUT OUTDIR -imType TYPE`` reads an int16 NIfTI and writes ``<input>_deFaced.nii``, the front (low y index in
LPS data) set to air. The variable BEHAVIOUR in its environment makes it misbehave.
"""

from __future__ import annotations

import array
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

FRONT_SHARE = 4
"""The front quarter of the rows goes."""
AIR = -1000


def main() -> int:
    """Deface, or do what BEHAVIOUR says."""
    source, outdir, flag, kind = sys.argv[1:5]
    behaviour = os.environ.get("BEHAVIOUR", "good")
    print(f"defacing {Path(source).name} as {flag} {kind}; variables: {' '.join(sorted(os.environ))}", flush=True)
    target = Path(outdir) / (Path(source).stem + "_deFaced.nii")
    if behaviour == "no output":
        return 0
    if behaviour == "exit code":
        print("no licence", file=sys.stderr)
        return 7
    if behaviour == "hang":
        deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(120)"
        child = subprocess.Popen([sys.executable, "-c", deaf])
        Path(os.environ["CHILD_FILE"]).write_text(str(child.pid), encoding="ascii")
        time.sleep(120)
    if behaviour == "garbage":
        target.write_bytes(b"not a volume")
        return 0
    raw = Path(source).read_bytes()
    header, voxels = bytearray(raw[:352]), array.array("h", raw[352:])
    nx, ny, nz = struct.unpack("<3h", header[42:48])
    if behaviour != "unchanged":
        for k in range(nz):
            start = k * nx * ny
            front = nx * (ny // FRONT_SHARE)
            voxels[start : start + front] = array.array("h", [AIR]) * front
    if behaviour == "another patient":
        voxels = array.array("h", [value if value < -500 else (37 * number) % 97 for number, value in enumerate(voxels)])
    if behaviour == "another grid":
        header[42:48] = struct.pack("<3h", nx, ny, nz - 1)
        voxels = voxels[: nx * ny * (nz - 1)]
    target.write_bytes(bytes(header) + voxels.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
