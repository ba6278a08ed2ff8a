/// Answers whose framing, header fields, status or ending are not what a reader expects.
public struct HTTPMutator: Sendable {
    private static let indexes = [
        "", "0", "1", "00", "-1", "+5", "5.0", "0x10", "1e3", " 7", "abc", "1,2", "9007199254740993",
        "18446744073709551615",
        "18446744073709551616", "99999999999999999999999999", "4 2", "\u{661}",
    ]
    private static let lengths = [
        "0", "-1", "+3", "", "abc", "104857600", "2147483648", "9223372036854775807", "18446744073709551616",
        "99999999999999999999", "1, 1", "0x10", "33554433",
    ]
    private static let statuses = [
        "204 No Content", "206 Partial Content", "301 Moved Permanently", "304 Not Modified", "400 Bad Request",
        "401 Unauthorized", "403 Forbidden", "404 Not Found", "408 Request Timeout", "429 Too Many Requests",
        "500 Internal Server Error", "503 Service Unavailable", "100 Continue", "101 Switching Protocols", "199 X",
        "000 X",
        "999 X", "20 OK", "2000 OK", "-200 OK", "abc", "", "200", "200 \u{e9}",
    ]
    private static let versions = [
        "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "HTTP/1.10", "HTTP/", "http/1.1", "ICY", "XTTP/1.1",
    ]
    private static let fields = [
        "Connection: close", "Connection: keep-alive", "Connection: upgrade\r\nUpgrade: h2c", "Content-Encoding: gzip",
        "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity",
        "Transfer-Encoding : chunked", "X-Nomad-Knownleader: false", "X-Nomad-Index: 99", "Content-Length: 2",
        "NoColon",
        ": empty", "Folded: a\r\n b", "Bad\u{1}Name: x", "Null: a\u{0}b", "Lone: a\rb", "Trailing: x   ", "X:", "X:\t",
        "Set-Cookie: a=b; c", "Date: Mon, 23 Nov 2026 16:29:30 GMT",
    ]
    private static let chunkSizes = [
        "0", "1", "FFFFFFFF", "FFFFFFFFFFFFFFFF", "10000000000000000", "-1", "+5", "", " 5", "5 ", "5;ext", "5;a=\"b\"",
        "0x5",
        "g", "5\r", "00000000000000000005",
    ]
    private static let trailers = [
        "X: y\r\n\r\n", "X:\r\n\r\n", "X\r\n\r\n", "X", "Content-Length: 5\r\n\r\n", ": y\r\n\r\n", "\n", "\r",
        "X: y\r\n z\r\n\r\n",
    ]

    private let bodies: JSONMutator
    private let wires: [[UInt8]]
    private let plain: [[UInt8]]

    /// - Parameters:
    ///   - bodies: well-formed bodies.
    ///   - wires: whole answers, head and all.
    public init(bodies: [[UInt8]], wires: [[UInt8]]) {
        self.bodies = JSONMutator(corpus: bodies)
        self.wires = wires
        plain = bodies
    }

    /// From the files of the corpus, with another port for that of the row that every body has.
    public static func ofCorpus(port: UInt16 = 4444) -> HTTPMutator {
        HTTPMutator(bodies: bodies(port: port), wires: Corpus.entries("http").map(\.bytes))
    }

    /// The bodies of the corpus; each but the empty one has a row for 127.0.0.1 with this port.
    public static func bodies(port: UInt16 = 4444) -> [[UInt8]] {
        Corpus.entries("answers").map { entry in
            Array(
                String(decoding: entry.bytes, as: UTF8.self).replacing("\"Port\":4444", with: "\"Port\":\(port)").utf8
            )
        }
    }

    /// An answer to one request; one in `floods` is endless, none if that is nil.
    public func answer(floods: Int? = 400, using random: inout SeededRandom) -> WireAnswer {
        var answer: WireAnswer
        switch random.below(10) {
        case 0, 1, 2:
            answer = .nomad(bodies.text(using: &random), index: "\(1 + random.below(1_000))")
        case 3:
            answer = WireAnswer(random.pick(wires))
            for _ in 0..<random.below(4) { ByteMutator.mutate(&answer.bytes, using: &random) }
        case 4:
            answer = .nomad(random.pick(plain), index: "\(1 + random.below(1_000))")
            for _ in 0..<random.size(upTo: 3) { ByteMutator.mutate(&answer.bytes, using: &random) }
        case _:
            let body = random.chance(oneIn: 3) ? bodies.text(using: &random) : random.pick(plain)
            answer = WireAnswer(wire(body, using: &random))
        }
        end(&answer, using: &random)
        cut(&answer, using: &random)
        if let floods, random.chance(oneIn: floods) { answer = random.pick(Endless.allCases).answer }
        return answer
    }

    /// A head that is right up to where the framing begins.
    static func head(status: String, index: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nX-Nomad-Index: \(index)\r\n"
            + "X-Nomad-Knownleader: true\r\nX-Nomad-Lastcontact: 0\r\n"
    }

    static func chunked(_ chunks: [[UInt8]]) -> [UInt8] {
        chunks.filter { !$0.isEmpty }.flatMap { chunk in
            Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
        } + Array("0\r\n\r\n".utf8)
    }

    /// Status line, fields and body with up to three things wrong.
    private func wire(_ body: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        var version = "HTTP/1.1"
        var status = "200 OK"
        var lines = [
            "Content-Type: application/json", "X-Nomad-Index: \(1 + random.below(1_000))", "X-Nomad-Knownleader: true",
        ]
        var framing = random.chance(oneIn: 2) ? ["Content-Length: \(body.count)"] : ["Transfer-Encoding: chunked"]
        var payload = framing[0].hasPrefix("C") ? body : Self.chunked(pieces(body, using: &random))
        var garbage: [UInt8] = []
        for _ in 0..<random.size(upTo: 3) {
            switch random.below(12) {
            case 0, 1: lines[1] = "X-Nomad-Index: \(random.pick(Self.indexes))"
            case 2: lines[1] = "X-Unrelated: 1"
            case 3: framing = ["Content-Length: \(random.pick(Self.lengths))"]
            case 4: framing = ["Content-Length: \(max(0, body.count + random.below(7) - 3))"]
            case 5:
                framing =
                    random.chance(oneIn: 2)
                    ? [] : framing + [random.pick([framing[0], "Content-Length: \(body.count)"])]
            case 6: status = random.pick(Self.statuses)
            case 7: version = random.pick(Self.versions)
            case 8:
                garbage = random.pick([
                    Array("\r\n".utf8), Array("\n\n".utf8), [0], Array("garbage\r\n".utf8),
                    Array("HTTP/1.1 100 Continue\r\n\r\n".utf8),
                ])
            case 9: lines.insert(random.pick(Self.fields), at: random.below(lines.count + 1))
            case 10: lines.append("X-Long: " + String(repeating: "a", count: random.size(upTo: 100_000)))
            case _:
                payload = brokenChunks(pieces(body, using: &random), using: &random)
                framing = ["Transfer-Encoding: chunked"]
            }
            if random.chance(oneIn: 200) { lines += (0..<random.size(upTo: 400)).map { "X-\($0): y" } }
            if framing.isEmpty { break }
        }
        let head = ([version + " " + status] + lines + framing + ["", ""]).joined(separator: "\r\n")
        return garbage + Array(head.utf8) + payload
    }

    private func pieces(_ body: [UInt8], using random: inout SeededRandom) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = body[...]
        while !rest.isEmpty {
            let size = random.chance(oneIn: 2) ? rest.count : random.size(upTo: rest.count)
            pieces.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return pieces
    }

    private func brokenChunks(_ chunks: [[UInt8]], using random: inout SeededRandom) -> [UInt8] {
        let bad = random.below(chunks.count + 1)
        var bytes: [UInt8] = []
        for (number, chunk) in chunks.enumerated() {
            var size = String(chunk.count, radix: 16, uppercase: random.chance(oneIn: 2))
            if number == bad {
                size =
                    random.chance(oneIn: 2)
                    ? random.pick(Self.chunkSizes) : String(chunk.count + random.below(5), radix: 16)
            }
            bytes += Array("\(size)\r\n".utf8) + chunk + Array((random.chance(oneIn: 30) ? "\n" : "\r\n").utf8)
        }
        switch random.below(4) {
        case 0: break
        case 1: bytes += Array("0\r\n".utf8) + Array(random.pick(Self.trailers).utf8)
        case _: bytes += Array("0\r\n\r\n".utf8)
        }
        return bytes
    }

    private func end(_ answer: inout WireAnswer, using random: inout SeededRandom) {
        switch random.below(20) {
        case 0:
            ByteMutator.truncate(&answer.bytes, using: &random)
            answer.ending = .close
        case 1: answer.ending = random.chance(oneIn: 10) ? .stall : .close
        case 2: answer.bytes += random.pick([random.pick(wires), Array("\r\n".utf8), [0xFF], Array("HTTP/1.1 ".utf8)])
        case 3...9: answer.ending = .close
        case _: break
        }
    }

    private func cut(_ answer: inout WireAnswer, using random: inout SeededRandom) {
        let count = answer.bytes.count
        guard count > 1 else { return }
        switch random.below(12) {
        case 0 where count < 3_000: answer.cuts = Array(1..<count)
        case 0...4: answer.cuts = (0..<random.size(upTo: 8)).map { _ in 1 + random.below(count - 1) }.sorted()
        case _: break
        }
    }
}
