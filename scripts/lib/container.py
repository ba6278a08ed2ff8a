"""container.py COMMAND...: starts fanout in front of an echo server, has a line echoed through it, and drains it.

The exit code is fanout's, or 1 where the echo failed; its log goes to standard error.
"""

import re
import signal
import socket
import subprocess
import sys
import threading

SECONDS = 60


def echo(listener):
    connection, _ = listener.accept()
    with connection:
        connection.sendall(connection.recv(100))


def main(command):
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=echo, args=(listener,), daemon=True).start()
    endpoint = "127.0.0.1:%d" % listener.getsockname()[1]
    process = subprocess.Popen(
        command + ["--endpoint", endpoint, "--listen-address", "127.0.0.1:0", "--log-format", "text"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    answer = b""
    # Ends the loop below too, by the end of the log.
    watchdog = threading.Timer(SECONDS, process.terminate)
    watchdog.start()
    for line in process.stderr:
        sys.stderr.write(line)
        found = re.search(r"listening address=127\.0\.0\.1:(\d+)", line)
        if found:
            try:
                with socket.create_connection(("127.0.0.1", int(found.group(1))), timeout=SECONDS) as client:
                    client.sendall(b"through the container\n")
                    answer = client.recv(100)
            except OSError as problem:
                print("container: %s" % problem, file=sys.stderr)
            process.send_signal(signal.SIGQUIT)
    code = process.wait(SECONDS)
    watchdog.cancel()
    return code if answer == b"through the container\n" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
