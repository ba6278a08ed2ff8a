import Glibc

/// What to replay when the product traps: written by the handler of the signal, since nothing else runs after a trap.
public enum CrashNote {
    private static let capacity = 4_096
    nonisolated(unsafe) private static let text = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    nonisolated(unsafe) private static var count = 0

    /// Traps say from now on which seed or schedule led to them.
    public static func install() {
        for signal in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT] {
            Glibc.signal(signal) { number in
                CrashNote.write()
                Glibc.signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    static func clear() { unsafe count = 0 }

    static func set(_ note: String) {
        clear()
        for byte in note.utf8 { put(byte) }
    }

    /// One decision of a walk.
    @inline(__always)
    static func append(_ decision: UInt8) { put(decision < 10 ? 48 + decision : 87 + decision) }

    private static func put(_ byte: UInt8) {
        guard unsafe count < capacity else { return }
        unsafe text[count] = byte
        unsafe count += 1
    }

    private static func write() {
        unsafe Glibc.write(2, "\nthe product trapped; replay: ", 30)
        unsafe Glibc.write(2, text, count)
        unsafe Glibc.write(2, "\n", 1)
    }
}
