/// A command that cannot be carried out, with what would be right.
struct ControlError: Error {
    let text: String

    init(_ text: String) { self.text = text }
}

/// The names by which a person arms faults.
enum FaultCatalogue {
    private struct Entry {
        let name: String
        let usage: String
        let make: @Sendable (Arguments) throws(ControlError) -> Fault
    }

    /// More than this would only test the machine's memory.
    private static let largestBody = 256 * 1024 * 1024

    static let names = entries.map { $0.usage.isEmpty ? $0.name : "\($0.name) \($0.usage)" }

    static func fault(_ name: String, _ arguments: Arguments) throws(ControlError) -> Fault {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw ControlError("no fault is called '\(name)'; there are: \(names.joined(separator: ", "))")
        }
        return try entry.make(arguments)
    }

    private static let entries: [Entry] = [
        Entry(name: "status", usage: "code=N body=TEXT") { arguments throws(ControlError) in
            .status(try arguments.number("code", in: 200...599), body: arguments["body"] ?? "")
        },
        Entry(name: "too-many-connections", usage: "") { _ in .tooManyConnections },
        Entry(name: "agent-shutdown", usage: "") { _ in .agentShutdown },
        Entry(name: "no-index", usage: "") { _ in .index(.missing) },
        Entry(name: "index", usage: "value=TEXT") { arguments throws(ControlError) in
            .index(.text(try arguments.text("value")))
        },
        Entry(name: "index-lower", usage: "by=N") { arguments throws(ControlError) in
            .index(.lower(by: UInt64(try arguments.number("by", in: 0...Int.max))))
        },
        Entry(name: "index-higher", usage: "by=N") { arguments throws(ControlError) in
            .index(.higher(by: UInt64(try arguments.number("by", in: 0...Int.max))))
        },
        Entry(name: "truncated", usage: "") { _ in .body(.truncated) },
        Entry(name: "null", usage: "") { _ in .body(.null) },
        Entry(name: "empty-body", usage: "") { _ in .body(.empty) },
        Entry(name: "empty-list", usage: "") { _ in .body(.bytes(Array("[]".utf8))) },
        Entry(name: "invalid-utf8", usage: "") { _ in .body(.invalidUTF8) },
        Entry(name: "wrong-types", usage: "") { _ in .body(.wrongTypes) },
        Entry(name: "only-keys", usage: "keys=A,B") { arguments throws(ControlError) in
            .body(.onlyKeys(try arguments.text("keys").split(separator: ",").map(String.init)))
        },
        Entry(name: "unknown-keys", usage: "") { _ in .body(.unknownKeys) },
        Entry(name: "padded", usage: "bytes=N") { arguments throws(ControlError) in
            .body(.padded(to: try arguments.number("bytes", in: 0...largestBody)))
        },
        Entry(name: "nested", usage: "depth=N") { arguments throws(ControlError) in
            .body(.nested(depth: try arguments.number("depth", in: 1...largestBody / 2)))
        },
        Entry(name: "early-end", usage: "") { _ in .framing(.endBeforeContentLength) },
        Entry(name: "no-last-chunk", usage: "") { _ in .framing(.endBeforeLastChunk) },
        Entry(name: "dribble-body", usage: "ms=N") { arguments throws(ControlError) in
            .framing(.dribbleBody(milliseconds: try arguments.number("ms", in: 0...60_000)))
        },
        Entry(name: "dribble-head", usage: "ms=N") { arguments throws(ControlError) in
            .framing(.dribbleHead(milliseconds: try arguments.number("ms", in: 0...60_000)))
        },
        Entry(name: "silence", usage: "") { _ in .framing(.silence) },
        Entry(name: "reset", usage: "") { _ in .framing(.reset) },
        Entry(name: "twice", usage: "") { _ in .framing(.twice) },
        Entry(name: "connection-close", usage: "") { _ in .framing(.connectionClose) },
        Entry(name: "chunk-extensions", usage: "") { _ in .framing(.chunkExtensions) },
        Entry(name: "http10", usage: "") { _ in .framing(.http10) },
    ]
}
