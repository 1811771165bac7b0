"""Runs a command and prints the largest number of threads it was seen to have.

    python3 threads.py COMMAND ARGUMENT...
"""

import subprocess
import sys
import time


def threads(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("Threads:"):
                return int(line.split()[1])
    return 0


process = subprocess.Popen(sys.argv[1:])
most = 0
while process.poll() is None:
    most = max(most, threads(process.pid))
    time.sleep(0.001)
print(most)
sys.exit(process.returncode)
