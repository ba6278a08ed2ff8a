import Glibc
import Reactor

/// The process that listens on an address, as far as /proc shows it (proc(5), proc_pid_net(5)).
struct ListenHolder: Equatable, Sendable {
    let pid: Int32
    /// The first 15 bytes of the program's name (proc_pid_comm(5)).
    let name: String

    static let ownName = "fanout"

    /// Nil if nobody listens there, or it is a process of another user or container.
    static func find(_ address: ListenAddress) -> ListenHolder? {
        let sockets = socketNumbers(address)
        guard !sockets.isEmpty else { return nil }
        for process in names(in: "/proc") {
            guard let pid = Int32(process) else { continue }
            let folder = "/proc/\(process)/fd"
            for descriptor in names(in: folder) {
                guard let target = link(folder + "/" + descriptor), sockets.contains(target) else { continue }
                let name = SystemFile.read("/proc/\(process)/comm")?.split(separator: "\n").first ?? "?"
                return ListenHolder(pid: pid, name: String(name))
            }
        }
        return nil
    }

    /// `socket:[4711]` for each socket that listens there.
    private static func socketNumbers(_ address: ListenAddress) -> Set<String> {
        switch address {
        case .unix(let path): listening(on: path, table: SystemFile.read("/proc/net/unix") ?? "")
        case .all(let port): listening(on: port)
        case .address(let address): listening(on: address.port)
        }
    }

    private static func listening(on port: UInt16) -> Set<String> {
        ["/proc/net/tcp", "/proc/net/tcp6"].reduce(into: []) { found, file in
            found.formUnion(listening(on: port, table: SystemFile.read(file) ?? ""))
        }
    }

    /// Lines such as `0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4711 ...`, where 0A is
    /// LISTEN.
    static func listening(on port: UInt16, table: String) -> Set<String> {
        var found: Set<String> = []
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":"),
                UInt16(fields[1][fields[1].index(after: colon)...], radix: 16) == port
            else { continue }
            found.insert("socket:[\(fields[9])]")
        }
        return found
    }

    /// Lines such as `0000000000000000: 00000002 00000000 00010000 0001 01 4711 /run/a.sock`; flag 00010000 is listening.
    static func listening(on path: String, table: String) -> Set<String> {
        var found: Set<String> = []
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ", maxSplits: 7)
            guard fields.count == 8, fields[3] == "00010000", fields[7] == path else { continue }
            found.insert("socket:[\(fields[6])]")
        }
        return found
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func link(_ path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 128)
        let length = unsafe readlink(path, &bytes, bytes.count)
        guard length > 0 else { return nil }
        return String(decoding: bytes.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
