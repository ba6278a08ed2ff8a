import Glibc

/// What a body of `GET /v1/service/NAME` says, read independently of the product and by Nomad's contract.
public enum ServiceReading: Equatable, Sendable {
    /// The rows that can be endpoints, by identifier.
    case rows([Row])
    /// Not an answer at all: nothing of it may be used.
    case refused
    /// Two readers may differ: keys that come twice, 80.0 for a port, odd text in a field that nobody reads.
    case untold

    public struct Row: Hashable, Sendable {
        public var id = ""
        public var address = ""
        public var port = 0
        public var allocationID = ""
        public var tags: [String] = []
        public var createIndex: UInt64 = 0
        public var modifyIndex: UInt64 = 0

        public init() {}
    }

    public init(body: [UInt8]) {
        // Other encodings announce themselves by these bytes; JSON readers may know them.
        if body.prefix(4).contains(where: { $0 == 0 || $0 >= 0xEF }) {
            self = .untold
            return
        }
        do throws(JSONValue.Problem) {
            self = Self.reading(of: try JSONValue(parsing: body))
        } catch {
            switch error {
            case .malformed: self = .refused
            case .open: self = .untold
            }
        }
    }

    private static func reading(of value: JSONValue) -> ServiceReading {
        guard case .array(let elements) = value, elements.count <= 20_000 else { return .refused }
        var rows: [Row] = []
        var isUntold = value.hasOddText
        for element in elements {
            guard case .object(let members) = element else { return .refused }
            switch row(members) {
            case .row(let row): rows.append(row)
            case .refused: return .refused
            case .untold: isUntold = true
            }
        }
        return isUntold ? .untold : .rows(usable(rows))
    }

    private enum RowReading {
        case row(Row)
        case refused, untold
    }

    private static let keys = [
        "ID", "ServiceName", "Namespace", "NodeID", "Datacenter", "JobID", "AllocID", "Tags", "Address", "Port",
        "CreateIndex", "ModifyIndex",
    ]

    private static func row(_ members: [(key: String?, value: JSONValue)]) -> RowReading {
        var row = Row()
        var seen: Set<String> = []
        var isUntold = false
        for (key, _) in members {
            guard let key else { return .untold }
            guard keys.contains(key) else { continue }
            // Which of two counts, and whether a bad one that does not count matters, is open.
            guard seen.insert(key).inserted else { return .untold }
        }
        for (key, value) in members {
            guard let key, keys.contains(key) else { continue }
            switch (key, value) {
            case ("Tags", .null): row.tags = []
            case ("Tags", .array(let tags)):
                row.tags = []
                for tag in tags {
                    guard case .string(let text?) = tag else { return .refused }
                    row.tags.append(text)
                }
            case ("Port", .number(let text)):
                guard let port = integer(text, &isUntold) else { return .refused }
                guard let port = Int(exactly: port) else { return .refused }
                row.port = port
            case ("CreateIndex", .number(let text)), ("ModifyIndex", .number(let text)):
                guard let number = integer(text, &isUntold), let index = UInt64(exactly: number) else {
                    return .refused
                }
                if key == "CreateIndex" { row.createIndex = index } else { row.modifyIndex = index }
            case ("Tags", _), ("Port", _), ("CreateIndex", _), ("ModifyIndex", _): return .refused
            case (_, .string(let text?)):
                switch key {
                case "ID": row.id = text
                case "AllocID": row.allocationID = text
                case "Address": row.address = text
                case _: break
                }
            case (_, _): return .refused
            }
        }
        return isUntold ? .untold : .row(row)
    }

    /// Nil if it is beyond all integers of the contract; a fraction or an exponent makes it untold.
    private static func integer(_ text: String, _ isUntold: inout Bool) -> Int128? {
        guard text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }), text != "-0" else {
            isUntold = true
            return 0
        }
        return Int128(text)
    }

    /// No canaries, no places that cannot be connected to, one row a place: the youngest.
    private static func usable(_ rows: [Row]) -> [Row] {
        var places: [String: Row] = [:]
        for row in rows {
            guard !row.tags.contains("fanout.canary=1"), (1...65535).contains(row.port), isHost(row.address) else {
                continue
            }
            let place = "\(row.address) \(row.port)"
            if let other = places[place], !speaks(row, over: other) { continue }
            places[place] = row
        }
        let sorted = places.values.sorted { ($0.id, $0.address, $0.port) < ($1.id, $1.address, $1.port) }
        return Array(sorted.prefix(10_000))
    }

    private static func speaks(_ row: Row, over other: Row) -> Bool {
        if row.createIndex != other.createIndex { return row.createIndex > other.createIndex }
        if row.modifyIndex != other.modifyIndex { return row.modifyIndex > other.modifyIndex }
        return row.id < other.id
    }

    /// An address without brackets, or a name of letters, digits, `-`, `.` and `_` with at most 253 characters.
    public static func isHost(_ text: String) -> Bool {
        let isName = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-._".utf8.contains(byte)
        }
        if isName { return (1...253).contains(text.utf8.count) }
        return isNumeric(text)
    }

    public static func isNumeric(_ text: String) -> Bool {
        var address = in6_addr()
        return !text.utf8.contains(0)
            && (unsafe inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1)
    }
}

extension JSONValue {
    /// Whether there is a string anywhere that no reader must accept.
    fileprivate var hasOddText: Bool {
        switch self {
        case .null, .bool, .number: false
        case .string(let text): text == nil
        case .array(let values): values.contains { $0.hasOddText }
        case .object(let members): members.contains { $0.key == nil || $0.value.hasOddText }
        }
    }
}
