"""manpage.py FANOUT DATE: the manual page of the built binary, made from what it says of its own flags.

ArgumentParser prints the flags as JSON for --experimental-dump-help; signals, exit codes and variables are the operators'
contract and stand below.
"""

import json
import re
import subprocess
import sys

CLOSING = r"""
.SH SIGNALS
.TP
.BR SIGQUIT ", " SIGINT ", " SIGTERM
Drain: refuse new clients, serve those that the kernel has already accepted, let sessions finish, and exit with 0. At
.BR \-\-drain\-timeout ,
or at a second signal, reset what is left and exit with 1.
.TP
.B SIGHUP
Read the token again, ask Nomad and resolve names now.
.TP
.B SIGUSR1
Dump the state to the log, once.
.SH EXIT STATUS
.TP
.B 0
Clean.
.TP
.B 1
A failure, such as
.B \-\-driver io_uring
where the kernel has none; or a drain that was cut short.
.TP
.B 64
A wrong command line, or a certificate or key for an https Nomad that cannot be read.
.TP
.B 69
A listen address that is taken, or that this machine does not have; a unix socket in a folder that does not exist.
.TP
.B 77
No permission (EPERM, EACCES): to bind, or to use io_uring where
.B \-\-driver io_uring
asks for it.
.TP
.B 78
No address of Nomad is given and none can be derived.
.SH ENVIRONMENT
Each flag
.B \-\-some\-flag
also reads
.BR FANOUT_SOME_FLAG ;
the flag wins. Of Nomad's own variables these are read where no flag says otherwise:
.BR NOMAD_ADDR ", " NOMAD_UNIX_ADDR ", " NOMAD_SECRETS_DIR ", " NOMAD_NAMESPACE ", " NOMAD_REGION ,
.BR NOMAD_TOKEN ", " NOMAD_HTTP_AUTH ", " NOMAD_CACERT ", " NOMAD_CAPATH ", " NOMAD_CLIENT_CERT ,
.BR NOMAD_CLIENT_KEY ", " NOMAD_TLS_SERVER_NAME ", " NOMAD_SKIP_VERIFY ", " NOMAD_MEMORY_LIMIT ", " NOMAD_ALLOC_ID .
.B NOTIFY_SOCKET
is told when the process is ready and when it stops, see
.BR sd_notify (3).
.SH FILES
.TP
.I /etc/default/fanout
Variables of the systemd service
.BR fanout.service .
.TP
.I /usr/share/fanout/seccomp.json
A seccomp profile for container runtimes that allows io_uring.
.SH SEE ALSO
.BR io_uring (7),
.BR systemd.service (5)
"""


def escape(text):
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)


def dump(binary):
    text = subprocess.run([binary, "--experimental-dump-help"], capture_output=True, text=True, check=True)
    return json.loads(text.stdout)["command"]


def flag(argument):
    name = "--" + argument["preferredName"]["name"]
    if argument["kind"] == "flag":
        return r"\fB%s\fR" % escape(name)
    return r"\fB%s\fR \fI%s\fR" % (escape(name), escape(argument.get("valueName", "value")))


def options(arguments, known=()):
    lines = []
    for argument in arguments:
        name = argument.get("preferredName", {}).get("name")
        if name is None or name in known or not argument.get("shouldDisplay", True):
            continue
        text = escape(argument.get("abstract", "")) + "."
        if name.startswith("no-") and lines[-1:] == [text]:
            # The flag before it switches on what this one switches off; they share their text.
            lines[-1:-1] = [".TQ", flag(argument)]
        else:
            lines += [".TP", flag(argument), text]
    return lines


def main(binary, date):
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
    tree = dump(binary)["subcommands"]
    run = next(c for c in tree if c["commandName"] == "run")
    names = {a["preferredName"]["name"] for a in run["arguments"] if "preferredName" in a}
    lines = [
        '.TH FANOUT 1 "%s" "fanout %s" "User Commands"' % (date, version),
        ".SH NAME",
        r"fanout \- TCP sidecar proxy for Nomad services",
        ".SH SYNOPSIS",
        r".B fanout",
        r"[\fBrun\fR] [\fIoptions\fR]",
        ".br",
    ]
    commands = [c for c in tree if c["commandName"] not in ("run", "help")]
    for command in commands:
        lines += [r".B fanout %s" % command["commandName"], r"[\fIoptions\fR]", ".br"]
    lines += [".SH DESCRIPTION", escape(run["abstract"])]
    for paragraph in run.get("discussion", "").split("\n\n"):
        lines += [".PP", escape(paragraph.strip())]
    lines += [".SH OPTIONS"] + options(run["arguments"])
    for command in commands:
        lines += [".SH COMMAND %s" % escape(command["commandName"].upper()), escape(command["abstract"])]
        for paragraph in filter(None, command.get("discussion", "").split("\n\n")):
            lines += [".PP", escape(paragraph.strip())]
        lines += options(command["arguments"], names)
    sys.stdout.write("\n".join(lines) + CLOSING)


if __name__ == "__main__":
    main(*sys.argv[1:])
