import CURing
import Glibc

/// The congestion control of TCP sockets (tcp(7), TCP_CONGESTION).
///
/// BBR spreads what it sends over time. On loopback, where no link is to be spared, that costs bulk half its rate and as much
/// CPU again, so there Reno takes its place: every kernel has it, and it needs no privilege.
public enum CongestionControl {
    /// The longest name, with its end (TCP_CA_NAME_MAX of Linux).
    private static let longest = 16

    /// What new sockets have here, nil when there is no socket to be asked.
    public static var usual: String? {
        let descriptor = Socket.stream(family: AF_INET)
        guard descriptor >= 0 else { return nil }
        defer { Socket.closeGracefully(descriptor) }
        return name(of: descriptor)
    }

    /// Whether that paces. Changing the sysctl later changes nothing for a process that has asked.
    public static var isPaced: Bool { usual?.hasPrefix("bbr") ?? false }

    static func name(of descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: longest)
        var length = socklen_t(longest)
        guard unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_CONGESTION, &bytes, &length) == 0 else {
            return nil
        }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// For a socket on loopback; those that a listener accepts inherit it. A failure costs comfort, not correctness.
    public static func doNotPace(_ descriptor: Int32) { fanout_use_reno(descriptor) }
}
