# SPDX-License-Identifier: Apache-2.0
# The last message in a trace of strace that is no RTM_GET*: last-request.py TRACE OUTPUT
import re
import struct
import sys

BUFFER = re.compile(r"(?:\d+ +)?\s*\* \d+ bytes in buffer")
ROW = re.compile(r"(?:\d+ +)?\s*\| [0-9a-f]{5,}  ((?:[0-9a-f]{2} ?| )+?)  .*\|$")

sent, data = [], bytearray()
for line in open(sys.argv[1], errors="replace"):
    row = ROW.match(line.rstrip("\n"))
    if row:
        data += bytes.fromhex(row.group(1).replace(" ", ""))
    else:
        if data:
            sent.append(bytes(data))
        data = bytearray()
if data:
    sent.append(bytes(data))

RTM_BASE, GET = 16, 2
wanted = []
for message in sent:
    length, kind = struct.unpack_from("=IH", message)
    if length <= len(message) and kind >= RTM_BASE and kind % 4 != GET:
        wanted.append(message[:length])
if not wanted:
    sys.exit(f"{sys.argv[1]}: no request that changes anything")
open(sys.argv[2], "wb").write(wanted[-1])
