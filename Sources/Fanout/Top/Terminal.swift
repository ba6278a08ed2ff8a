import Glibc
import Reactor

/// The terminal on standard input and output: its mode, its size and its second screen.
struct Terminal: ~Copyable {
    private let original: termios

    /// Errors: standard input is no terminal.
    init() throws(SystemError) {
        var mode = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &mode) == 0 else { throw .last("tcgetattr") }
        original = mode
    }

    /// Keys come one by one and unseen; ctrl-c and ctrl-z stay signals (termios(3)). Shows the second screen, without a
    /// cursor and without a line break after the last column.
    func enter() {
        var mode = original
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
        mode.c_iflag &= ~tcflag_t(ICRNL | INLCR | IGNCR | IXON)
        _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode)
        write("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l")
    }

    /// Everything as ``init()`` found it.
    func leave() {
        write("\u{1b}[0m\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l")
        var mode = original
        _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode)
    }

    func write(_ text: String) { StandardStreams.write(text, to: STDOUT_FILENO) }

    /// What waits to be read; nil when the terminal has gone.
    func read() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count) }
        guard count > 0 else { return count < 0 && SystemError.isInterruption(errno) ? [] : nil }
        return Array(bytes.prefix(count))
    }

    /// 80 by 24 where the terminal does not know (ioctl_tty(2)).
    var size: (width: Int, height: Int) {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
