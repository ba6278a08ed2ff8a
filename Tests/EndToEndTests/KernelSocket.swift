import Foundation

/// A TCP socket as the kernel's tables show it (proc_net(5)).
struct KernelSocket {
    enum State: String {
        case established = "01"
        case timeWait = "06"
    }

    /// Ports.
    let local: UInt16
    let remote: UInt16
    /// nil for all others.
    let state: State?
    /// Seconds until silence is probed, where that is set up: the timer with the number 2, in hundredths of a second.
    let keepalive: Double?

    private init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count > 5, let local = Self.port(words[1]), let remote = Self.port(words[2]) else { return nil }
        self.local = local
        self.remote = remote
        state = State(rawValue: String(words[3]))
        let timer = words[5].split(separator: ":")
        keepalive = timer.first == "02" ? timer.last.flatMap { Int($0, radix: 16) }.map { Double($0) / 100 } : nil
    }

    private static func port(_ address: Substring) -> UInt16? {
        address.split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
    }

    static func all() throws -> [KernelSocket] {
        try ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { try lines(of: $0).compactMap(KernelSocket.init) }
    }

    /// Read to its end: the kernel gives such a table page by page.
    private static func lines(of file: String) throws -> [Substring] {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
        defer { try? handle.close() }
        var all = Data()
        while true {
            let page = handle.availableData
            if page.isEmpty { return String(decoding: all, as: UTF8.self).split(separator: "\n") }
            all += page
        }
    }
}
