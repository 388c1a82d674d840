"""The kernel: a block of log lines in bytes becomes columns of numbers, two bytes in a nanosecond.

numba compiles it to a loop that needs neither Python nor its lock. It finds the ends of fields in
64 bytes at once, reads numbers eight digits at once, and remembers the last date, time and names,
for most rows have them again. It judges every row on its way: one that breaks a rule adds 1 to its
reason. `logs.machine_code` keeps what was compiled, and runs it.
"""
