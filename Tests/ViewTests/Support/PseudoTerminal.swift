import Foundation
import Glibc
import NIOConcurrencyHelpers

/// The built binary on a terminal of its own, which it controls as in a shell (pty(7)).
final class PseudoTerminal: Sendable {
    struct Failed: Error {
        let call: String
        let errno: Int32
    }

    /// The settings that the program may change.
    struct Mode: Equatable {
        let input: tcflag_t
        let output: tcflag_t
        let local: tcflag_t
    }

    private let master: Int32
    /// Held open, so that the terminal outlives the program and can be looked at.
    private let slave: Int32
    let pid: pid_t
    private let companion: (any Sendable)?
    private let state: NIOLockedValueBox<VirtualScreen>

    /// - Parameter companion: what must live as long as this.
    init(
        _ arguments: [String],
        width: Int,
        height: Int,
        environment: [String: String] = ["LANG": "C.UTF-8"],
        beside companion: (any Sendable)? = nil
    ) throws {
        self.companion = companion
        // What posix_openpt(3), unlockpt(3) and ptsname(3) do; Swift's Glibc has none of them.
        master = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (locked, number) = (Int32(0), Int32(-1))
        guard master >= 0, unsafe ioctl(master, Self.setLock, &locked) == 0,
            unsafe ioctl(master, Self.getNumber, &number) == 0
        else {
            throw Failed(call: "/dev/ptmx", errno: errno)
        }
        let path = "/dev/pts/\(number)"
        slave = unsafe open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        state = NIOLockedValueBox(VirtualScreen(width: width, height: height))
        Self.setSize(of: master, width, height)
        pid = try Self.spawn(arguments, on: path, environment)
        let (master, state) = (master, state)
        Thread {
            var bytes = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = unsafe read(master, &bytes, bytes.count)
                guard count > 0 else {
                    // Nobody holds the other side any more. Closed here alone: a number that is free may be another
                    // terminal's at the next read.
                    close(master)
                    return
                }
                state.withLockedValue { $0.write(bytes.prefix(count)) }
            }
        }.start()
    }

    /// TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)).
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430
    /// POSIX_SPAWN_SETSID, glibc's spawn.h.
    private static let newSession: Int32 = 0x80

    private static func spawn(_ arguments: [String], on path: String, _ environment: [String: String]) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        // The leader of a new session gets the first terminal that it opens.
        unsafe posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, 0, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, 0, 2)
        // The double's listener must not live on in the program.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            guard let descriptor = Int32(name), descriptor > 2 else { continue }
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(newSession | Int32(POSIX_SPAWN_SETSIGMASK)))
        let texts = [Program.binary.path] + arguments
        var argv = unsafe texts.map { unsafe strdup($0) } + [nil]
        var envp = unsafe environment.map { unsafe strdup("\($0)=\($1)") } + [nil]
        defer { for index in unsafe 0..<argv.count { unsafe free(argv[index]) } }
        defer { for index in unsafe 0..<envp.count { unsafe free(envp[index]) } }
        var pid = pid_t()
        let code = unsafe posix_spawn(&pid, Program.binary.path, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw Failed(call: "posix_spawn", errno: code) }
        return pid
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        close(slave)
    }

    var screen: VirtualScreen { state.withLockedValue { $0 } }

    var mode: Mode {
        var mode = termios()
        unsafe tcgetattr(slave, &mode)
        return Mode(input: mode.c_iflag, output: mode.c_oflag, local: mode.c_lflag)
    }

    var isRaw: Bool { mode.local & tcflag_t(ICANON | ECHO) == 0 }

    func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        unsafe _ = write(master, bytes, bytes.count)
    }

    func signal(_ number: Int32) { kill(pid, number) }

    func resize(width: Int, height: Int) {
        state.withLockedValue { $0.resize(width: width, height: height) }
        Self.setSize(of: master, width, height)
    }

    private static func setSize(of descriptor: Int32, _ width: Int, _ height: Int) {
        var size = winsize(ws_row: UInt16(height), ws_col: UInt16(width), ws_xpixel: 0, ws_ypixel: 0)
        _ = unsafe ioctl(descriptor, UInt(TIOCSWINSZ), &size)
    }

    /// Waits until the screen shows what is expected.
    func expect(_ what: String, _ condition: (VirtualScreen) -> Bool) throws {
        try wait(what, seen: { screen.text }, until: { condition(screen) })
    }

    func expect(_ text: String) throws { try expect(text) { $0.text.contains(text) } }

    /// Waits for the end: the exit code, or minus the signal.
    func exit() throws -> Int32 {
        var status: Int32 = 0
        try wait("exit", seen: { screen.text }, until: { unsafe waitpid(pid, &status, WNOHANG) == pid })
        return status & 0x7f == 0 ? status >> 8 : -(status & 0x7f)
    }

    /// Waits until SIGSTOP or SIGTSTP has stopped it.
    func waitUntilStopped() throws {
        var status: Int32 = 0
        try wait("stop", seen: { screen.text }, until: { unsafe waitpid(pid, &status, WNOHANG | WUNTRACED) == pid })
    }
}
