import Foundation

/// The memory that the kernel has given to TCP, which all processes of the machine share (tcp_mem, tcp(7)).
///
/// Beyond a mark the kernel holds every socket back until less than a lower mark is left: connections crawl, whosever
/// they are, and a measurement says nothing about the proxy.
struct SocketMemory {
    /// Bytes.
    let used: Int
    let mark: Int
    /// How often the mark was reached since the machine has started (TCPMemoryPressures).
    private let pressures: Int

    static func now() -> SocketMemory {
        let pages = fields(of: "/proc/sys/net/ipv4/tcp_mem")
        let sockets = fields(of: "/proc/net/sockstat")
        let used = sockets.firstIndex(of: "TCP:").flatMap { start in
            sockets[start...].firstIndex(of: "mem").flatMap { $0 + 1 < sockets.count ? Int(sockets[$0 + 1]) : nil }
        }
        let size = Int(sysconf(Int32(_SC_PAGESIZE)))
        return SocketMemory(
            used: (used ?? 0) * size,
            mark: (pages.count > 1 ? Int(pages[1]) ?? 0 : 0) * size,
            pressures: pressureCount()
        )
    }

    /// Whether the mark was reached between then and now.
    func hasHeldBack(since before: SocketMemory) -> Bool { pressures > before.pressures }

    var text: String { "\(Terminal.mebibytes(used)) in TCP sockets, of \(Terminal.mebibytes(mark))" }

    private static func fields(of file: String) -> [Substring] {
        (try? String(contentsOfFile: file, encoding: .utf8))?.split(whereSeparator: \.isWhitespace) ?? []
    }

    /// A line of names and a line of numbers, for each protocol (netstat(8) reads it so).
    private static func pressureCount() -> Int {
        let lines = ((try? String(contentsOfFile: "/proc/net/netstat", encoding: .utf8)) ?? "").split(separator: "\n")
        for (names, numbers) in zip(lines, lines.dropFirst()) where names.hasPrefix("TcpExt:") {
            let place = names.split(separator: " ").firstIndex(of: "TCPMemoryPressures")
            let values = numbers.split(separator: " ")
            if let place, place < values.count, let count = Int(values[place]) { return count }
        }
        return 0
    }
}
