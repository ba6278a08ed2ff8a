import CURing
import Glibc

/// A failed system call: its name and `errno`, both as text when printed.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    public let call: String
    public let errno: Int32

    public init(_ call: String, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    /// The error that the calling thread's last system call left in `errno`.
    public static func last(_ call: String) -> SystemError {
        SystemError(call, errno: Glibc.errno)
    }

    /// The text of strerror(3), for example `Connection refused`.
    public static func text(_ errno: Int32) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let base = buffer.baseAddress, unsafe fanout_strerror(errno, base, 128) == 0 else {
                return "errno \(errno)"
            }
            return unsafe String(cString: base)
        }
    }

    public var description: String { "\(call): \(Self.text(errno))" }
}

extension SystemError {
    /// accept(2): the failure is that of one connection or one moment; the next call may succeed at once.
    public static func isOfOneConnection(_ errno: Int32) -> Bool {
        [ECONNABORTED, EINTR, EPERM, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH].contains(errno)
    }

    /// What a connect that was given up after its time is reported as.
    public static var timedOut: Int32 { ETIMEDOUT }

    /// There is no such file, or no folder on the way to it.
    public var isMissingFile: Bool { errno == ENOENT || errno == ENOTDIR }

    public var isOutOfMemory: Bool { errno == ENOMEM }

    /// A receive found no free buffer.
    public static var noBuffer: Int32 { ENOBUFS }

    /// An operation that was ended early, as it was asked for (``Driver/cancel(_:)``).
    public static var canceled: Int32 { ECANCELED }

    /// The operation did nothing and may simply be asked for again.
    public static func isInterruption(_ errno: Int32) -> Bool { errno == EINTR || errno == EAGAIN }

    /// There is nothing to accept, or no room.
    public static var wouldBlock: Int32 { EAGAIN }

    public static var interrupted: Int32 { EINTR }

    /// What a connection to itself is reported as: nobody listens there.
    public static var refused: Int32 { ECONNREFUSED }

    /// connect(2): there is no way to the address, or none from here.
    public static func isUnreachable(_ errno: Int32) -> Bool {
        [EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN].contains(errno)
    }

    /// No descriptor is left, for the process or the machine.
    public static func isDescriptorShortage(_ errno: Int32) -> Bool { errno == EMFILE || errno == ENFILE }

    /// A connect failed for want of something of our own, a local port say (connect(2)), and not for its target.
    public static func isOwnTrouble(_ errno: Int32) -> Bool {
        [EADDRNOTAVAIL, EADDRINUSE, ENOBUFS, ENOMEM, EMFILE, ENFILE, EPERM, EACCES, ECANCELED, EAGAIN].contains(errno)
    }
}
