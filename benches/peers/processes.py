"""What a process takes of the processors."""

import os
import pathlib
import subprocess


def processor_seconds(process: subprocess.Popen) -> float:
    """What all its threads have had so far, in the operating system too; as long as nobody has waited for its end."""
    # After the name, which may hold anything, come the fields from the third on (proc_pid_stat(5)).
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
