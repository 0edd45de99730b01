"""What the performance budget says, measured on this machine: `python -m benchmarks`.

Everything runs on loopback with default durability, and each part in a process of its own: both simulated
remote systems, PostgreSQL, and the real program. The measuring process only starts, asks and counts.
"""
