"""names.py ADDRESS NAME: a name server that knows one name, whose address is 127.0.0.1 (RFC 1035)."""

import socket
import struct
import sys


def answer(query, known):
    labels, position = [], 12
    while query[position]:
        labels.append(query[position + 1 : position + 1 + query[position]])
        position += 1 + query[position]
    question = query[12 : position + 5]
    is_address = struct.unpack("!H", query[position + 1 : position + 3])[0] == 1
    is_known = b".".join(labels).decode().lower() == known
    count = 1 if is_known and is_address else 0
    head = query[:2] + struct.pack("!HHHHH", 0x8180 | (0 if is_known else 3), 1, count, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton("127.0.0.1")
    return head + question + record * count


if __name__ == "__main__":
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((sys.argv[1], 53))
    while True:
        query, client = server.recvfrom(512)
        server.sendto(answer(query, sys.argv[2]), client)
